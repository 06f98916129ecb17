"""TFLite models: float, with 8-bit weights alone, and quantized in the ways of both of TensorFlow's converters."""

import flatbuffers
import numpy as np
from goldens import arguments, save
from inception import Size
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow_networks import Weights, fused, inception_graph, mean_head, residual, slim, tf

# A quantized output is a multiple of 1/256: up to half of that lies between it and the probability that was rounded.
ROUNDED = 0.5 / 256 + 1e-4


def converter_of(build, size):
    """A converter of a network that reads one image, its weights constants as after freezing."""
    signature = tf.TensorSpec([1, size.height, size.width, 3], tf.float32, "image")
    function = tf.function(build, input_signature=[signature]).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([function])


def quantized(build, size, kind, per_channel=True, mean=127.5, scale=1 / 127.5):
    """A model of 8-bit integers, whose input and output are of type `kind` (float32: converted inside).

    mean, scale  of the pictures that its ranges are taken from: (pixel - mean) * scale
    """
    converter = converter_of(build, size)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    pictures = (size.images(20, seed=5).astype(np.float32) - mean) * np.float32(scale)
    converter.representative_dataset = lambda: ([picture[None]] for picture in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = kind
    converter._experimental_disable_per_channel = not per_channel
    return converter.convert()


def unsigned(model, zero=128, fineness=1):
    """The model with unsigned bytes throughout, as the older converter wrote.

    zero      the weight that stands for 0
    fineness  steps of the weights for one of before; those that then are beyond a byte become its least or largest
    """
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    (graph,) = tree.subgraphs
    for tensor in graph.tensors:
        quantization, buffer = tensor.quantization, tree.buffers[tensor.buffer]
        if quantization is None or quantization.scale is None:
            continue
        moved = 128
        if buffer.data is not None:
            quantization.scale = np.asarray(quantization.scale) / np.float32(fineness)
            stored = np.asarray(buffer.data, np.uint8)
            if tensor.type == schema.TensorType.INT32:
                buffer.data = (stored.view(np.int32) * np.int32(fineness)).view(np.uint8)
                continue
            moved = zero
            buffer.data = (stored.view(np.int8).astype(int) * fineness + zero).clip(0, 255).astype(np.uint8)
        tensor.type = schema.TensorType.UINT8
        quantization.zeroPoint = np.asarray(quantization.zeroPoint) + moved
    for code in tree.operatorCodes:
        code.version = 1
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def interpreted(model, pixels, mean, scale):
    """What TFLite's interpreter says of pictures; quantized outputs as the numbers that they mean.

    mean, scale  where the input is float: it gets (pixel - mean) * scale
    """
    # Quantized models by XNNPACK, the interpreter's default, whose arithmetic this engine's is. TFLite's other kernels
    # round with integers alone: about one sum in 1,000 to the other neighbour, which the layers multiply to every third
    # value of the last one and to 11/256 of a probability. Float models not by the reference kernels, for that of LRN
    # leaves out each window's last channel.
    is_float = not any(
        tensor["quantization"][0] for tensor in tf.lite.Interpreter(model_content=model).get_tensor_details()
    )
    kinds = tf.lite.experimental.OpResolverType
    kind = kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES if is_float else kinds.AUTO
    interpreter = tf.lite.Interpreter(model_content=model, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    inputs = {
        np.float32: lambda: (pixels.astype(np.float32) - mean) * np.float32(scale),
        np.uint8: lambda: pixels,
        np.int8: lambda: (pixels.astype(int) - 128).astype(np.int8),
    }[source["dtype"]]()
    rows = []
    for image in inputs:
        interpreter.set_tensor(source["index"], image[None])
        interpreter.invoke()
        row = interpreter.get_tensor(result["index"])[0].astype(np.float32)
        scale, zero = result["quantization"]
        rows.append((row - zero) * np.float32(scale) if scale else row)
    return np.stack(rows)


def main():
    folder, full = arguments()
    suffix = "-full" if full else ""
    size = Size(full, 1001)
    # An average of an even number of bytes often lies in the middle between two, where TFLite rounds away from its zero
    # and this engine to either: narrow quantized networks end in 3×1 pixels.
    odd = Size(full, 1001, narrow=(96, 32))

    def write(name, model, notes, tolerance=1e-4, mean=127.5, scale=1 / 127.5, pixels=None, options=()):
        pixels = size.images() if pixels is None else pixels
        (folder / f"{name}{suffix}.tflite").write_bytes(model)
        said = interpreted(model, pixels, mean, scale)
        save(folder, f"{name}{suffix}", pixels, said, options, tolerance, notes)

    def write_stored(name, model, notes=("taken over as int8",), **more):
        write(name, model, notes, ROUNDED, pixels=odd.images(2), **more)

    def network(size):
        return lambda image: slim(image, Weights(21), size, fused("V3"))

    def meaned(image):
        return slim(image, Weights(22), odd, fused("V3"), mean_head())

    write("tflite-float", converter_of(network(size), size).convert(), ("slim",))
    old = Size(full, 1008)
    lrn = converter_of(lambda image: inception_graph(image, Weights(23), old)[-1], size)
    write("tflite-2015", lrn.convert(), ("tensorflow_inception_graph",), mean=117, scale=1)
    # Quantized, TFLite rounds what this engine then does not: some hundredths of a probability.
    little = Size(full, 1000, narrow=(64, 32))
    pixels = little.images()

    def sums(image):
        return residual(image, Weights(24), little)

    write("tflite-residual", converter_of(sums, little).convert(), ("usual with TensorFlow",), pixels=pixels)
    rounded = quantized(sums, little, tf.int8)
    write("tflite-residual-int8", rounded, ("its weights became float32",), 0.05, pixels=pixels)
    small = converter_of(network(size), size)
    small.optimizations = [tf.lite.Optimize.DEFAULT]
    small.target_spec.supported_types = [tf.float16]
    write("tflite-float16", small.convert(), ("slim",))
    write_stored("tflite-int8", quantized(network(odd), odd, tf.int8))
    # Pixels whose bytes are whole steps. Slim's own, (pixel - 127.5) / 127.5, all lie in the middle between two steps,
    # where TFLite's kernels do not agree on half of them; to this engine they are what they are.
    whole = {"mean": 128, "scale": 1 / 128}
    options = ("--mean", "128", "--scale", str(1 / 128))
    write_stored("tflite-int8-float", quantized(meaned, odd, tf.float32, **whole), **whole, options=options)
    bytes_ = quantized(network(odd), odd, tf.int8, per_channel=False)
    write_stored("tflite-uint8", unsigned(bytes_))
    # Weights less their zero points, -120 to 135, which signed bytes cannot hold.
    write_stored("tflite-uint8-asymmetric", unsigned(bytes_, zero=120, fineness=2))


main()
