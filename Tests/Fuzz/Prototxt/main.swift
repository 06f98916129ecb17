import Conversion
import Glibc
import GoogLeNet

@testable import FuzzSupport

// Prototxts, which give the structure for the weights of a caffemodel that stays the same.

let layers = """
  name: "net"  # a comment
  input: "data" input_dim: [1, 3, 8, 8]
  layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
    param { lr_mult: 1 decay_mult: 1 }
    convolution_param { num_output: 2 pad: 1, kernel_size: 3 weight_filler { type: 'xavier' std: 1e-2 } } }
  layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
  layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" lrn_param { local_size: 5 alpha: .0001f beta: 0.75 } }
  layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool" include: { phase: TEST }
    pooling_param < pool: AVE kernel_size: 2; stride: 0x2 > }
  layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc" inner_product_param { num_output: 3 bias_term: true } }
  layer { name: "prob" type: "Soft" "max" bottom: "fc" top: "prob" }
  """
let legacy = """
  input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }
  layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv"
    convolution_param { num_output: 2 pad_h: 1 pad_w: 1 kernel_h: 3 kernel_w: 3 stride: 1 dilation: 1 group: 1 } }
  layers { name: "pool" type: POOLING bottom: "conv" top: "pool" pooling_param { pool: MAX global_pooling: true } }
  layers { name: "prob" type: SOFTMAX bottom: "pool" top: "prob" softmax_param { axis: -1 } }
  """
let weights = CaffeFile.small(legacy: true).bytes
let descriptor = fileno(tmpfile())
var options = ConversionOptions()
options.prototxtPath = "/proc/self/fd/\(descriptor)"

fuzz(seeds: [layers, legacy].map { [UInt8]($0.utf8) }) { bytes throws(GoogLeNetError) in
  guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count else {
    fatalError("cannot write the prototxt")
  }
  let result = Result { try weights.withUnsafeBytes { try convertAndReload($0, options: options) } }
  if case .failure(let error as GoogLeNetError) = result { throw error }
}
