"""TFLite models: float, with 8-bit weights alone, and quantized in the ways of both of TensorFlow's converters."""

import flatbuffers
import numpy as np
from goldens import arguments, save
from inception import Size
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow_networks import Weights, fused, inception_graph, mean_head, slim, tf

# Quantized outputs are multiples of 1/256.
STEP = 1 / 256

# How far the quantized network of the real width may lie from TFLite's own output, though both round each activation
# rightly: TFLite's kernels agree with exact arithmetic to half a step and 1/200 each, but where a value lies that close
# between two steps they may round it to the other one, and the next layers multiply the difference; and TFLite rounds
# the logits, to steps of 0.14 here, where the probabilities of these random networks (0.6 to 0.75) change the most.
# The largest differences on ten images, in steps: TFLite from its own network in exact integer arithmetic 9.8, from the
# same weights without rounding activations 7.3; TFLite from itself with one byte of the image changed by one 11.0,
# which changes the network without rounding by less than 0.005; this engine from TFLite 9.5, from the weights without
# rounding 5.6.
NOISE = 10 * STEP


def converter_of(build, size):
    """A converter of a network that reads one image, its weights constants as after freezing."""
    signature = tf.TensorSpec([1, size.height, size.width, 3], tf.float32, "image")
    function = tf.function(build, input_signature=[signature]).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([function])


def quantized(build, size, kind, per_channel=True):
    """A model of 8-bit integers, whose input and output are of type `kind` (float32: converted inside)."""
    converter = converter_of(build, size)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    pictures = size.images(20, seed=5).astype(np.float32) / np.float32(127.5) - 1
    converter.representative_dataset = lambda: ([picture[None]] for picture in pictures)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = kind
    converter._experimental_disable_per_channel = not per_channel
    return converter.convert()


def unsigned(model, shift):
    """The model with unsigned bytes throughout, as the older converter wrote, weights around 128 + shift."""
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    (graph,) = tree.subgraphs
    for tensor in graph.tensors:
        if tensor.type != schema.TensorType.INT8:
            continue
        data = tree.buffers[tensor.buffer].data
        moved = 128
        if data is not None:
            values = np.asarray(data, np.uint8).view(np.int8).astype(int)
            moved = 128 + shift
            tree.buffers[tensor.buffer].data = (values + moved).clip(0, 255).astype(np.uint8)
        tensor.type = schema.TensorType.UINT8
        tensor.quantization.zeroPoint = np.asarray(tensor.quantization.zeroPoint) + moved
    for code in tree.operatorCodes:
        code.version = 1
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def dequantized(model):
    """The model with its weights and biases as the floats that they mean, and float activations."""
    tree = schema.ModelT.InitFromPackedBuf(model, 0)
    (graph,) = tree.subgraphs
    for tensor in graph.tensors:
        if tensor.quantization is None or tensor.quantization.scale is None:
            continue
        kind = {schema.TensorType.UINT8: np.uint8, schema.TensorType.INT32: np.int32}[tensor.type]
        data = tree.buffers[tensor.buffer].data
        if data is not None:
            values = np.asarray(data, np.uint8).view(kind).astype(np.float64)
            means = (values - tensor.quantization.zeroPoint[0]) * tensor.quantization.scale[0]
            tree.buffers[tensor.buffer].data = means.astype(np.float32).view(np.uint8)
        tensor.type = schema.TensorType.FLOAT32
        tensor.quantization = None
    builder = flatbuffers.Builder(len(model))
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def interpreted(model, pixels, mean, scale):
    """What TFLite's interpreter says of pictures; quantized outputs as the numbers that they mean.

    mean, scale  where the input is float: it gets (pixel - mean) * scale
    """
    # Quantized models by the reference kernels; not float ones, for that of LRN leaves out each window's last channel.
    kinds = tf.lite.experimental.OpResolverType
    is_float = not any(
        tensor["quantization"][0] for tensor in tf.lite.Interpreter(model_content=model).get_tensor_details()
    )
    kind = kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES if is_float else kinds.BUILTIN_REF
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
    pixels = size.images()

    def write(name, model, notes, tolerance=1e-4, mean=127.5, scale=1 / 127.5, reference=None):
        (folder / f"{name}{suffix}.tflite").write_bytes(model)
        said = interpreted(reference or model, pixels, mean, scale)
        save(folder, f"{name}{suffix}", pixels, said, tolerance=tolerance, notes=notes)

    def network(image):
        return slim(image, Weights(21), size, fused("V3"))

    def meaned(image):
        return slim(image, Weights(22), size, fused("V3"), mean_head())

    write("tflite-float", converter_of(network, size).convert(), ("slim",))
    old = Size(full, 1008)
    lrn = converter_of(lambda image: inception_graph(image, Weights(23), old)[-1], size)
    write("tflite-2015", lrn.convert(), ("tensorflow_inception_graph",), mean=117, scale=1)
    small = converter_of(network, size)
    small.optimizations = [tf.lite.Optimize.DEFAULT]
    small.target_spec.supported_types = [tf.float16]
    write("tflite-float16", small.convert(), ("slim",))
    write("tflite-int8", quantized(network, size, tf.int8), ("taken over as int8",), 3 * STEP)
    write("tflite-int8-float", quantized(meaned, size, tf.float32), ("taken over as int8", "slim"), 3 * STEP)
    bytes_ = quantized(network, size, tf.int8, per_channel=False)
    write("tflite-uint8", unsigned(bytes_, 0), ("taken over as int8",), NOISE if full else 3 * STEP)
    asymmetric = unsigned(bytes_, 3)
    # Its activations are not rounded, so TFLite's float kernels say what is right. A byte p means (p - zero) * scale.
    ((zero, step),) = [
        (int(source["quantization"][1]), source["quantization"][0])
        for source in tf.lite.Interpreter(model_content=asymmetric).get_input_details()
    ]
    write(
        "tflite-uint8-asymmetric", asymmetric, ("became float32",),
        mean=zero, scale=step, reference=dequantized(asymmetric),
    )  # fmt: skip


main()
