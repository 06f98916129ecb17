"""SavedModels: a tf.Module's function, Keras' export, and TensorFlow 1's own form with a session's variables."""

import shutil

import keras
import numpy as np
from goldens import arguments, save
from inception import Size
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_networks import Weights, fused, inception_graph, mean_head, residual, slim, tf, unfused


class Module(tf.Module):
    """A network of tf.Variables."""

    def __init__(self, build, size, seed):
        super().__init__()
        self.weights = Weights(seed, variables=True)
        signature = tf.TensorSpec([None, size.height, size.width, 3], tf.float32, "image")
        self.predict = tf.function(lambda image: build(image, self.weights, size), input_signature=[signature])
        self.predict.get_concrete_function()
        # What is saved is what is found in attributes.
        self.variables_made = list(self.weights.made.values())


def fresh(folder, name):
    """The path of a SavedModel, where nothing is yet."""
    path = folder / name
    shutil.rmtree(path, ignore_errors=True)
    return path


def finish(path):
    """Removes what only TensorFlow's own tools need: files, and the function that saves the variables again."""
    (path / "fingerprint.pb").unlink(missing_ok=True)
    if (path / "assets").is_dir():
        (path / "assets").rmdir()
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in model.meta_graphs:
        functions = graph.graph_def.library.function
        for function in [it for it in functions if "traced_save" in it.signature.name]:
            functions.remove(function)
    file.write_bytes(model.SerializeToString(deterministic=True))


def module(folder, name, build, size, seed, convention="slim"):
    """What tf.saved_model.save writes: functions that call functions, and variables in a bundle."""
    network = Module(build, size, seed)
    tf.saved_model.save(network, fresh(folder, name), signatures={"serving_default": network.predict})
    finish(folder / name)
    pixels = size.images()
    images = pixels.astype(np.float32) / np.float32(127.5) - 1
    save(folder, name, pixels, network.predict(images), notes=("serving_default", convention))


def session(folder, name, size):
    """TensorFlow 1's form: variables and their restoring in the graph itself."""
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.disable_resource_variables()
        image = tf.compat.v1.placeholder(tf.float32, [None, size.height, size.width, 3], name="image")
        constants = Weights(7)

        class Variables(Weights):
            def __call__(self, name, values):
                return tf.compat.v1.get_variable(name, initializer=np.asarray(values, np.float32))

        constants.__class__ = Variables
        outputs = inception_graph(image, constants, size)
        pixels = size.images()
        with tf.compat.v1.Session() as run:
            run.run(tf.compat.v1.global_variables_initializer())
            probabilities = run.run(outputs[-1], {image: pixels.astype(np.float32) - 117})
            signature = tf.compat.v1.saved_model.predict_signature_def(
                {"image": image}, {"auxiliary": outputs[0], "probabilities": outputs[-1]}
            )
            builder = tf.compat.v1.saved_model.Builder(str(fresh(folder, name)))
            builder.add_meta_graph_and_variables(run, ["serve"], {"predict_images": signature})
            builder.save()
    finish(folder / name)
    save(folder, name, pixels, probabilities, notes=("predict_images", "tensorflow_inception_graph", "auxiliary"))


def exported(folder, name, size):
    """What Keras' export writes, of a network with true 5×5 branches that normalizes its input and pads by layers."""
    keras.utils.set_random_seed(11)
    random = np.random.default_rng(11)

    def conv(x, channels, kernel, stride=1):
        x = keras.layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
        return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))

    image = keras.layers.Input((size.height, size.width, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(image)
    x = keras.layers.ZeroPadding2D(3)(x)
    x = keras.layers.Conv2D(size.channels(64), 7, 2, activation="relu")(x)
    x = keras.layers.MaxPooling2D(3, 2)(keras.layers.ZeroPadding2D(1)(x))
    x = conv(conv(x, size.channels(64), 1), size.channels(192), 3)
    x = keras.layers.MaxPooling2D(3, 2, padding="same")(x)
    for module, widths in size.modules.items():
        if module in ("4a", "5a"):
            x = keras.layers.MaxPooling2D(3, 2, padding="same")(x)
        one, reduce3, three, reduce5, five, projection = map(size.channels, widths)
        pooled = keras.layers.MaxPooling2D(3, 1, padding="same")(x)
        branches = [conv(x, one, 1), conv(conv(x, reduce3, 1), three, 3), conv(conv(x, reduce5, 1), five, 5)]
        x = keras.layers.Concatenate()([*branches, conv(pooled, projection, 1)])
    x = keras.layers.AveragePooling2D(size.last)(x)
    x = keras.layers.Dropout(0.4)(keras.layers.Flatten()(x))
    network = keras.Model(image, keras.layers.Dense(size.classes, activation="softmax")(x))
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ranges = [(0.7, 1.3), (-0.5, 0.5), (-0.5, 0.5), (0.4, 1.8)]
            layer.set_weights([random.uniform(*r, w.shape) for r, w in zip(ranges, layer.get_weights(), strict=True)])
    network.export(fresh(folder, name), verbose=False)
    finish(folder / name)
    pixels = size.images()
    save(folder, name, pixels, network.predict(pixels.astype(np.float32), verbose=0), notes=("serving_default",))


def main():
    folder, full = arguments()
    suffix = "-full" if full else ""
    size = Size(full, 1000, ("4a", "5a"))
    module(folder, f"savedmodel-slim{suffix}", lambda *a: slim(*a, fused("V3")), size, 5)
    exported(folder, f"savedmodel-keras{suffix}", size)
    session(folder, f"savedmodel-session{suffix}", size)
    small = Size(full, 1000, narrow=(64, 32))
    module(folder, f"savedmodel-residual{suffix}", residual, small, 8, "usual with TensorFlow")
    if full:
        module(folder, f"savedmodel-unfused{suffix}", lambda *a: slim(*a, unfused, mean_head()), size, 6)


main()
