"""Frozen GraphDefs, with weights as raw bytes, as single numbers, and as one number for all."""

import numpy as np
from goldens import arguments, save
from inception import Size
from tensorflow_networks import Weights, fused, inception_graph, mean_head, residual, slim, tf, unfused


def repeated(definition):
    """Turns the small tensors of a graph from raw bytes into lists of numbers."""
    for node in definition.node:
        tensor = node.attr["value"].tensor
        if node.op == "Const" and tensor.tensor_content and tensor.dtype == tf.float32.as_datatype_enum:
            values = np.frombuffer(tensor.tensor_content, np.float32)
            if len(values) < 2000:
                tensor.ClearField("tensor_content")
                tensor.float_val.extend(values)


def graph_of(build, size):
    """A graph, its input and its last output."""
    graph = tf.Graph()
    with graph.as_default():
        image = tf.compat.v1.placeholder(tf.float32, [None, size.height, size.width, 3], name="input")
        output = build(image)
    return graph, image, output[-1] if isinstance(output, list) else output


def write(folder, name, size, build, normalization, notes, change=None, reference=None):
    """Makes the graph, runs it, and writes both.

    normalization  (mean, scale): the network sees (pixel - mean) * scale
    change         of the definition
    reference      builds what gives the probabilities where the graph itself is random
    """
    pixels = size.images()
    images = (pixels.astype(np.float32) - normalization[0]) * normalization[1]
    graph, image, output = graph_of(reference or build, size)
    with tf.compat.v1.Session(graph=graph) as session:
        probabilities = session.run(output, {image: images})
    definition = graph_of(build, size)[0].as_graph_def()
    if change:
        change(definition)
    (folder / f"{name}.pb").write_bytes(definition.SerializeToString(deterministic=True))
    # Pixels: what the converter assumes of them must be right too.
    save(folder, name, pixels, probabilities, notes=notes)


def main():
    folder, full = arguments()
    suffix = "-full" if full else ""
    size = Size(full, 1001)
    slim_convention = (127.5, np.float32(1 / 127.5))
    write(
        folder,
        f"graphdef-slim{suffix}",
        size,
        lambda x: slim(x, Weights(1), size, fused("V3")),
        slim_convention,
        ("slim", "background") if full else ("slim",),
        repeated,
    )
    write(
        folder,
        f"graphdef-dropout{suffix}",
        size,
        lambda x: slim(x, Weights(2), size, unfused, mean_head(0.8)),
        slim_convention,
        ("dropout",),
        reference=lambda x: slim(x, Weights(2), size, unfused, mean_head()),
    )
    small = Size(full, 1000, narrow=(64, 32))
    write(
        folder,
        f"graphdef-residual{suffix}",
        small,
        lambda x: residual(x, Weights(9), small),
        slim_convention,
        ("usual with TensorFlow",),
    )
    old = Size(full, 1008)
    write(
        folder,
        f"graphdef-2015{suffix}",
        old,
        lambda x: inception_graph(x, Weights(3), old),
        (117, np.float32(1)),
        ("tensorflow_inception_graph", "auxiliary", "1008") if full else ("tensorflow_inception_graph", "auxiliary"),
        repeated,
    )


main()
