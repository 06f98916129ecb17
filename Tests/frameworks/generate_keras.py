"""Keras models, `.h5` of Keras 2 and 3 and `.keras`: functional and sequential ones of every layer that converts."""

import keras
import numpy as np
import tf_keras
from goldens import arguments, save
from inception import MODULES, Size


def randomize(model, seed):
    """Gives every layer values of a trained network's magnitude, and batch normalizations statistics of their own."""
    random = np.random.default_rng(seed)
    ranges = {"gamma": (0.7, 1.3), "beta": (-0.5, 0.5), "moving_mean": (-0.5, 0.5), "moving_variance": (0.4, 1.8)}
    for layer in model.layers:
        values = []
        for variable in layer.weights:
            name = variable.name.split("/")[-1].split(":")[0]
            shape = tuple(variable.shape)
            if name == "kernel":
                values.append(random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape))
            else:
                values.append(random.uniform(*ranges.get(name, (-0.2, 0.4)), shape))
        if values and layer.__class__.__name__ != "Normalization":
            layer.set_weights(values)


def deeper(api, size, order):
    """Convolutions with bias and batch normalization, SAME everywhere, and normalizations beside the first poolings."""
    layers = api.layers

    def conv(x, name, channels, kernel, stride=1):
        x = layers.Conv2D(channels, kernel, stride, padding="same", name=f"{name}_conv")(x)
        for part in order:
            if part == "bn":
                x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
            else:
                x = layers.Activation("relu", name=f"{name}_act")(x)
        return x

    def inception(x, stage, widths):
        first = conv(x, f"{stage}_first", widths[0], 1)
        second = conv(conv(x, f"{stage}_second1", widths[1], 1), f"{stage}_second2", widths[2], 3)
        third = conv(conv(x, f"{stage}_third1", widths[3], 1), f"{stage}_third2", widths[4], 5)
        pooled = layers.MaxPooling2D(3, 1, padding="same", name=f"{stage}_pool")(x)
        fourth = conv(pooled, f"{stage}_fourth", widths[5], 1)
        return layers.Concatenate(axis=-1, name=f"{stage}_mixed")([first, second, third, fourth])

    image = layers.Input((size.height, size.width, 3), name="image")
    x = conv(image, "block1", size.channels(64) + 3, 7, 2)
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = layers.BatchNormalization(name="pool1_bn")(x)
    x = conv(x, "block2", size.channels(64) + 9, 1)
    x = conv(x, "block3", size.channels(192) + 1, 3)
    x = layers.BatchNormalization(name="block3_extra_bn")(x)
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    for module, widths in modules(size):
        if module in ("4a", "5a"):
            x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool_{module}")(x)
        x = inception(x, module, [size.channels(width) for width in widths])
    x = layers.AveragePooling2D(size.last, 1, name="pool5")(x)
    x = layers.Flatten(name="flatten")(layers.Dropout(0.4, name="drop")(x))
    x = layers.Dense(size.classes, name="labels")(x)
    return api.Model(image, layers.Activation("softmax", name="softmax")(x), name="googlenet")


def modules(size):
    """The real width has all nine modules, a narrow network two: HDF5 takes some KB for every layer."""
    return MODULES.items() if size.divisor == 1 else [(name, MODULES[name]) for name in ("4a", "5a")]


def paper(api, size):
    """Without batch normalization, padded by layers, normalizing its input itself, with an auxiliary classifier."""
    layers = api.layers
    image = layers.Input((size.height, size.width, 3), name="image")
    x = layers.Rescaling(1 / 255, offset=0.0, name="rescaling")(image)
    learnt = layers.Normalization(name="normalization")
    learnt.adapt(np.random.default_rng(3).uniform(0, 1, (4, 8, 8, 3)) ** [1, 2, 3])
    x = layers.ZeroPadding2D(((2, 3), (3, 2)), name="padding1")(learnt(x))

    def conv(x, name, channels, kernel, stride=1, padding="same"):
        return layers.Conv2D(channels, kernel, stride, padding, activation="relu", name=name)(x)

    x = conv(x, "conv1", size.channels(64), 7, 2, "valid")
    x = layers.MaxPooling2D(3, 2, name="pool1")(layers.ZeroPadding2D(1, name="padding2")(x))
    x = conv(conv(x, "conv2_reduce", 7, 1), "conv2", 13, 3)
    x = layers.AveragePooling2D((2, 2), padding="same", name="pool2")(x)
    for module, widths in modules(size):
        if module in ("4a", "5a"):
            x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool_{module}")(x)
        one, reduce3, three, reduce5, five, projection = (size.channels(width) + 1 for width in widths)
        branches = [
            conv(x, f"{module}_1x1", one, 1),
            conv(conv(x, f"{module}_3x3_reduce", reduce3, 1), f"{module}_3x3", three, 3),
            conv(conv(x, f"{module}_5x5_reduce", reduce5, 1), f"{module}_5x5", five, 5),
            conv(layers.AveragePooling2D(3, 1, "same", name=f"{module}_pool")(x), f"{module}_pool_proj", projection, 1),
        ]
        x = layers.Concatenate(name=module)(branches)
        if module == "4a":
            extra = layers.Dense(size.classes, "softmax", name="extra")(layers.GlobalAveragePooling2D(name="mean")(x))
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(size.classes, activation="softmax", name="output")(layers.Dropout(0.4, name="drop")(x))
    return api.Model(image, [extra, x], name="paper")


def sequential(api, size):
    """Layer after layer, with the shape of the input at its first layer or in one of its own."""
    layers = api.layers
    numbers = {"mean": [120.0, 110.0, 100.0], "variance": [3000.0, 2900.0, 3100.0]}
    return api.Sequential(
        [
            layers.Input((size.height, size.width, 3)),
            layers.Normalization(**numbers),
            layers.Conv2D(7, (5, 3), (2, 3), use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.ReLU(),
            layers.Conv2D(14, 3, dilation_rate=2, groups=7, padding="same", activation="relu"),
            layers.BatchNormalization(center=False),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(keepdims=True),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(size.classes, use_bias=False),
            layers.Softmax(),
        ]
    )


def residual(api, size):
    """Sums of two and of three branches, and each activation beside plain ReLU that converts, as layer and by name."""
    layers = api.layers
    width = size.channels(256)

    def conv(x, name, kernel=3, stride=1, activation=None):
        return layers.Conv2D(width, kernel, stride, padding="same", activation=activation, name=name)(x)

    image = layers.Input((size.height, size.width, 3), name="image")
    # Of numbers to 10, so that some are clipped.
    x = conv(layers.Rescaling(1 / 25.5, name="rescaling")(image), "stem", stride=2)
    x = layers.ReLU(max_value=6, name="stem_relu6")(x)
    y = layers.LeakyReLU(0.15, name="a_leaky")(layers.BatchNormalization(name="a_bn1")(conv(x, "a_conv1")))
    y = layers.BatchNormalization(name="a_bn2")(conv(y, "a_conv2"))
    x = layers.PReLU(shared_axes=[1, 2], name="a_prelu")(layers.Add(name="a_add")([x, y]))
    branches = [x, conv(x, "b_leaky", activation="leaky_relu"), conv(x, "b_sigmoid", 1, activation="sigmoid")]
    x = layers.ReLU(negative_slope=0.1, name="b_relu")(layers.Add(name="b_add")(branches))
    x = layers.Activation("relu6", name="c_relu6")(conv(x, "c_conv", stride=2))
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Add(name="d_add")([x, layers.Dense(width, activation="sigmoid", name="d_dense")(x)])
    return api.Model(image, layers.Dense(size.classes, activation="softmax", name="output")(x), name="residual")


def write(folder, name, suffix, model, size, scale=1 / 255, **more):
    """Saves the model and what it says of pictures, which it is fed with as the converter assumes."""
    randomize(model, len(name))
    pixels = size.images()
    answers = model.predict(pixels.astype(np.float32) * np.float32(scale), verbose=0)
    model.save(folder / f"{name}{suffix}")
    save(folder, name, pixels, answers[-1] if isinstance(answers, list) else answers, **more)


def main():
    folder, full = arguments()
    end = "-full" if full else ""
    size = Size(full, 1000)
    bn_first, relu_first = ("bn", "relu"), ("relu", "bn")
    write(folder, f"keras2-deeper{end}", ".h5", deeper(tf_keras, size, bn_first), size, notes=("guess",))
    write(folder, f"keras3-deeper{end}", ".h5", deeper(keras, size, relu_first), size, notes=("guess",))
    write(folder, f"keras3-deeper-archive{end}", ".keras", deeper(keras, size, bn_first), size, notes=("dropout",))
    own = ("folded the network's own", "auxiliary")
    write(folder, f"keras2-paper{end}", ".keras", paper(tf_keras, size), size, 1, notes=own)
    write(folder, f"keras3-paper{end}", ".keras", paper(keras, size), size, 1, notes=own)
    for api, version in ((tf_keras, 2), (keras, 3)):
        write(folder, f"keras{version}-sequential{end}", ".h5", sequential(api, size), size, 1)
    small = Size(full, 1000, narrow=(64, 32))
    write(folder, f"keras2-residual{end}", ".h5", residual(tf_keras, small), small, 1, notes=own[:1])
    write(folder, f"keras3-residual{end}", ".keras", residual(keras, small), small, 1, notes=own[:1])


main()
