"""Frozen GraphDefs, with weights as raw bytes, as single numbers, and as one number for all."""

import numpy as np
from goldens import arguments, save
from tensorflow_networks import Size, Weights, fused, inception_graph, mean_head, slim, tf, unfused


def repeated(definition):
    """Turns the small tensors of a graph from raw bytes into lists of numbers."""
    for node in definition.node:
        tensor = node.attr["value"].tensor
        if node.op == "Const" and tensor.tensor_content and tensor.dtype == tf.float32.as_datatype_enum:
            values = np.frombuffer(tensor.tensor_content, np.float32)
            if len(values) < 2000:
                tensor.ClearField("tensor_content")
                tensor.float_val.extend(values)


def write(folder, name, size, build, normalization, notes, change=None):
    """Makes the graph, runs it, and writes both. `normalization` is (pixel - mean) * scale as (mean, scale)."""
    graph = tf.Graph()
    with graph.as_default():
        image = tf.compat.v1.placeholder(tf.float32, [None, size.height, size.width, 3], name="input")
        output = build(image)
        if isinstance(output, list):
            output = output[-1]
    pixels = size.images()
    images = (pixels.astype(np.float32) - normalization[0]) * normalization[1]
    with tf.compat.v1.Session(graph=graph) as session:
        probabilities = session.run(output, {image: images})
    definition = graph.as_graph_def()
    if change:
        change(definition)
    (folder / f"{name}.pb").write_bytes(definition.SerializeToString(deterministic=True))
    # Pixels: what the converter assumes of them must be right too.
    save(folder, name, pixels, probabilities, notes=notes)


def main():
    folder, full = arguments()
    suffix = "-full" if full else ""
    size = Size(full, 1001)
    slim_custom = (127.5, np.float32(1 / 127.5))
    write(
        folder, f"graphdef-slim{suffix}", size, lambda x: slim(x, Weights(1), size, fused("V3")), slim_custom,
        ("slim", "background"), repeated,
    )  # fmt: skip
    write(
        folder, f"graphdef-unfused{suffix}", size, lambda x: slim(x, Weights(2), size, unfused, mean_head(0.8)),
        slim_custom, ("dropout",),
    )  # fmt: skip
    old = Size(full, 1008)
    write(
        folder, f"graphdef-2015{suffix}", old, lambda x: inception_graph(x, Weights(3), old), (117, np.float32(1)),
        ("117", "auxiliary"), repeated,
    )  # fmt: skip


main()
