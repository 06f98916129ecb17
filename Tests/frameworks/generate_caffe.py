"""Caffe's GoogLeNets as BVLC, Places and their users have them; what they say comes from OpenCV."""

import cv2
import numpy as np
from caffe_format import BLOB, binary, blob, legacy, text
from goldens import arguments, save
from inception import Size

MEAN = (104, 117, 123)
TRAIN, TEST = 0, 1


class Network:
    """The layers of a GoogLeNet, in Caffe's current form, in one list for training and use.

    normalized  each convolution with BatchNorm and Scale instead of a bias, and no LRN
    """

    def __init__(self, size, seed, head="loss3/classifier", normalized=False, auxiliary=False, pooled=None):
        self.size = size
        self.random = np.random.default_rng(seed)
        self.normalized = normalized
        self.layers = []
        self.channels = {"data": 3}
        self.build(head, auxiliary, pooled or [("kernel_h", size.last[0]), ("kernel_w", size.last[1])])

    def layer(self, name, kind, bottoms, top, *fields):
        bottoms = [bottoms] if isinstance(bottoms, str) else bottoms
        links = [("bottom", bottom) for bottom in bottoms] + [("top", top)]
        self.layers.append([("name", name), ("type", kind), *links, *fields])
        self.channels[top] = self.channels.get(bottoms[0], 0)
        return top

    def values(self, shape, gain=2.0):
        return self.random.normal(0, np.sqrt(gain / np.prod(shape[1:])), shape)

    def between(self, count, low, high):
        return self.random.uniform(low, high, count)

    def convolution(self, name, bottom, outputs, kernel, stride=1, relu=None, is_rectified=True):
        fields = [("num_output", outputs), ("kernel_size", kernel)]
        if kernel > 1:
            fields.append(("pad", kernel // 2))
        if stride > 1:
            fields.append(("stride", stride))
        values = self.values((outputs, self.channels[bottom], kernel, kernel))
        # Pixels are that much larger than what follows.
        weights = ("blobs", blob(values / 60 if bottom == "data" else values))
        if self.normalized:
            fields.append(("bias_term", False))
            self.layer(name, "Convolution", bottom, name, weights, ("convolution_param", fields))
            self.normalize(name, outputs)
        else:
            bias = ("blobs", blob(self.between(outputs, -0.2, 0.4)))
            self.layer(name, "Convolution", bottom, name, weights, bias, ("convolution_param", fields))
        if is_rectified:
            self.layer(relu or f"{name.rpartition('/')[0]}/relu_{name.rpartition('/')[2]}", "ReLU", name, name)
        self.channels[name] = outputs
        return name

    def normalize(self, name, count):
        # Caffe sums means and variances up, and the third blob says how often.
        often = 2.5
        mean, variance = self.between(count, -0.5, 0.5) * often, self.between(count, 0.4, 1.8) * often
        blobs = [("blobs", blob(values)) for values in (mean, variance, np.array([often]))]
        self.layer(f"{name}/bn", "BatchNorm", name, name, *blobs, ("batch_norm_param", [("use_global_stats", True)]))
        blobs = [("blobs", blob(self.between(count, *range_))) for range_ in ((0.7, 1.3), (-0.5, 0.5))]
        self.layer(f"{name}/scale", "Scale", name, name, *blobs, ("scale_param", [("bias_term", True)]))

    def pooling(self, name, bottom, *fields):
        return self.layer(name, "Pooling", bottom, name, ("pooling_param", list(fields)))

    def max_pooling(self, name, bottom, stride=2):
        padding = [("pad", 1)] if stride == 1 else []
        return self.pooling(name, bottom, ("pool", 0), ("kernel_size", 3), ("stride", stride), *padding)

    def lrn(self, name, bottom):
        if self.normalized:
            return bottom
        return self.layer(
            name, "LRN", bottom, name, ("lrn_param", [("local_size", 5), ("alpha", 0.01), ("beta", 0.75)])
        )

    def inner_product(self, name, bottom, inputs, outputs):
        blobs = [("blobs", blob(self.values((outputs, inputs), 3.0))), ("blobs", blob(self.between(outputs, -1, 1)))]
        top = self.layer(name, "InnerProduct", bottom, name, *blobs, ("inner_product_param", [("num_output", outputs)]))
        self.channels[top] = outputs
        return top

    def module(self, name, bottom, widths):
        ones, threes_reduce, threes, fives_reduce, fives, projection = map(self.size.channels, widths)
        name = f"inception_{name}"
        branches = [
            self.convolution(f"{name}/1x1", bottom, ones, 1),
            self.convolution(
                f"{name}/3x3", self.convolution(f"{name}/3x3_reduce", bottom, threes_reduce, 1), threes, 3
            ),
            self.convolution(f"{name}/5x5", self.convolution(f"{name}/5x5_reduce", bottom, fives_reduce, 1), fives, 5),
            self.convolution(f"{name}/pool_proj", self.max_pooling(f"{name}/pool", bottom, 1), projection, 1),
        ]
        joined = self.layer(f"{name}/output", "Concat", branches, f"{name}/output")
        self.channels[joined] = sum(self.channels[branch] for branch in branches)
        return joined

    def auxiliary(self, name, bottom):
        """An auxiliary head for training; what it flattens has one pixel."""
        self.pooling(f"{name}/ave_pool", bottom, ("pool", 1), ("global_pooling", True))
        reduced = self.convolution(f"{name}/conv", f"{name}/ave_pool", 4, 1, relu=f"{name}/relu_conv")
        flat = self.inner_product(f"{name}/fc", reduced, 4, 8)
        self.layer(f"{name}/relu_fc", "ReLU", flat, flat)
        self.layer(f"{name}/drop_fc", "Dropout", flat, flat, ("dropout_param", [("dropout_ratio", 0.7)]))
        scores = self.inner_product(f"{name}/classifier", flat, 8, self.size.classes)
        self.layer(f"{name}/loss", "SoftmaxWithLoss", [scores, "label"], f"{name}/loss1")
        self.layer(f"{name}/top-1", "Accuracy", [scores, "label"], f"{name}/top-1", ("include", [("phase", TEST)]))

    def build(self, head, auxiliary, pooled):
        size = self.size
        value = self.convolution("conv1/7x7_s2", "data", size.channels(64), 7, 2)
        value = self.lrn("pool1/norm1", self.max_pooling("pool1/3x3_s2", value))
        value = self.convolution("conv2/3x3_reduce", value, size.channels(64), 1)
        value = self.convolution("conv2/3x3", value, size.channels(192), 3)
        value = self.max_pooling("pool2/3x3_s2", self.lrn("conv2/norm2", value))
        stage = "3"
        for name, widths in size.modules.items():
            if name[0] != stage:
                value = self.max_pooling(f"pool{stage}/3x3_s2", value)
                stage = name[0]
            value = self.module(name, value, widths)
            if auxiliary and name in ("4a", "4d"):
                self.auxiliary("loss1" if name == "4a" else "loss2", value)
        value = self.pooling("pool5/drop_pool", value, ("pool", 1), *pooled, ("stride", 1))
        self.layer("pool5/drop", "Dropout", value, value, ("dropout_param", [("dropout_ratio", 0.4)]))
        self.end = self.inner_product(head, value, self.channels[value], size.classes)

    def trained(self):
        """The layers as a training leaves them: data, losses and accuracies, and no softmax."""
        transformation = [("crop_size", self.size.height)] + [("mean_value", value) for value in MEAN]
        sources = [
            [
                ("name", "data"), ("type", "Data"), ("top", "data"), ("top", "label"),
                ("include", [("phase", phase)]), ("transform_param", transformation),
            ]
            for phase in (TRAIN, TEST)
        ]  # fmt: skip
        loss = [("name", "loss3/loss3"), ("type", "SoftmaxWithLoss"), ("bottom", self.end), ("bottom", "label")]
        return [*sources, *self.layers, [*loss, ("top", "loss3/loss3")]]

    def used(self):
        """The layers as a deploy.prototxt has them: a softmax, and nothing of training."""
        heads = ("loss1/", "loss2/")
        kept = [layer for layer in self.layers if not layer[0][1].startswith(heads)]
        return [*kept, [("name", "prob"), ("type", "Softmax"), ("bottom", self.end), ("top", "prob")]]


class Residual(Network):
    """Sums of two and of three branches, and each activation beside plain ReLU that converts."""

    def build(self, head, auxiliary, pooled):
        width = self.size.channels(256)

        def convolution(name, bottom, kernel=3):
            return self.convolution(name, bottom, width, kernel, is_rectified=False)

        def applied(name, kind, value, *fields):
            return self.layer(name, kind, value, value, *fields)

        stem = self.convolution("stem/3x3", "data", width, 3, 2)
        branch = convolution("a/first", stem)
        applied("a/leaky", "ReLU", branch, ("relu_param", [("negative_slope", 0.15)]))
        value = self.layer("a/sum", "Eltwise", [stem, convolution("a/second", branch)], "a/sum")
        applied("a/prelu", "PReLU", value, ("blobs", blob(self.between(width, -0.2, 0.4))))
        gate = applied("b/sigmoid", "Sigmoid", convolution("b/gate", value, 1))
        branch = convolution("b/first", value)
        shared = [("blobs", blob(np.array([0.3]))), ("prelu_param", [("channel_shared", True)])]
        applied("b/prelu", "PReLU", branch, *shared)
        weighed = ("eltwise_param", [("operation", 1), *[("coeff", 1.0)] * 3])
        value = applied("b/relu", "ReLU", self.layer("b/sum", "Eltwise", [value, gate, branch], "b/sum", weighed))
        self.pooling("pool", value, ("pool", 1), ("global_pooling", True))
        self.end = self.inner_product(head, "pool", width, self.size.classes)


def net(name, layers, header=(), form="layer"):
    return [("name", name), *header, *((form, legacy(layer) if form == "layers" else layer) for layer in layers)]


def input_layer(shape):
    return [("name", "data"), ("type", "Input"), ("top", "data"), ("input_param", [("shape", [("dim", shape)])])]


def described(prototxt, weights, pixels, mean=MEAN):
    """The probabilities that OpenCV computes for RGB pixels; Caffe's networks see BGR."""
    network = cv2.dnn.readNetFromCaffe(np.frombuffer(prototxt, np.uint8), np.frombuffer(weights, np.uint8))
    rows = []
    for image in pixels:
        planes = image[..., ::-1].astype(np.float32) - np.float32(mean)
        network.setInput(np.ascontiguousarray(planes.transpose(2, 0, 1)[None]), "data")
        rows.append(network.forward().reshape(-1))
    return np.stack(rows)


def main():
    folder, full = arguments()
    suffix = "-full" if full else ""

    def write(name, weights, deployed, size, notes, options=(), mean=MEAN):
        weights = binary(weights)
        (folder / f"{name}{suffix}.caffemodel").write_bytes(weights)
        pixels = size.images(2)
        said = described(text(deployed).encode(), weights, pixels, mean)
        save(folder, f"{name}{suffix}", pixels, said, options=options, notes=notes)

    size = Size(full, 1000)
    shape = [1, 3, size.height, size.width]
    declared = [("input", "data"), *(("input_dim", side) for side in shape)]
    asked = () if full else ("--input-size", f"{size.height}x{size.width}")

    # As BVLC published it: the legacy form, made for training.
    bvlc = Network(size, 31, auxiliary=True)
    heads = ("left out, for the output does not depend on them", "loss1/classifier", "as the data layer has it")
    write(
        "caffe-legacy", net("GoogleNet", bvlc.trained(), form="layers"), net("GoogleNet", bvlc.used(), declared), size,
        heads, asked,
    )  # fmt: skip
    # The same, saved by a newer Caffe.
    write(
        "caffe-trained", net("GoogleNet", bvlc.trained()), net("GoogleNet", bvlc.used(), declared), size, heads, asked
    )
    # As Places has it: another head with other classes, for use, its size in an Input layer.
    places_size = Size(full, 365)
    places_size.classes = 365 if full else 15
    places = Network(places_size, 32, head="loss3/classifier_places365")
    whole = net("googlenet_places365", [input_layer([10, *shape[1:]]), *places.used()])
    write("caffe-places", whole, whole, places_size, ("Caffe's convention",))
    # With batch normalization, its size in input_shape.
    normalized = Network(size, 35, normalized=True)
    whole = net("normalized", normalized.used(), [("input", "data"), ("input_shape", [("dim", shape)])])
    write("caffe-normalized", whole, whole, size, ("folded",))
    little = Size(full, 1000, narrow=(64, 32))
    sums = Residual(little, 36, head="scores")
    whole = net("residual", [input_layer([1, 3, little.height, little.width]), *sums.used()])
    write("caffe-residual", whole, whole, little, ("Caffe's convention",))
    # A prototxt beside weights: another size, a pooling over all of it, and of the trained heads only the main one.
    larger = Size(full, 1000)
    larger.height += 32
    other = Network(larger, 31, auxiliary=True, pooled=[("global_pooling", True)])
    deployed = net("larger", [input_layer([1, 3, larger.height, larger.width]), *other.used()])
    (folder / f"caffe-larger-deploy{suffix}.prototxt").write_text(text(deployed))
    write(
        "caffe-larger", net("GoogleNet", bvlc.trained(), form="layers"), deployed, larger, ("Caffe's convention",),
        ("--prototxt", f"caffe-larger-deploy{suffix}.prototxt"),
    )  # fmt: skip
    # A mean image, the same at each pixel, as Places205 comes with one; in the legacy form for use.
    mean = (105.5, 113.25, 116.75)
    image = np.broadcast_to(np.float32(mean)[:, None, None], (3, 256, 256) if full else (3, 4, 4))
    sides = list(zip(("num", "channels", "height", "width"), (1, *image.shape), strict=True))
    (folder / f"caffe-mean-image{suffix}.binaryproto").write_bytes(binary([*sides, ("data", image)], BLOB))
    few = Size(full, 205)
    few.classes = 205 if full else 9
    places205 = Network(few, 34)
    whole = net("places205", places205.used(), declared, form="layers")
    write(
        "caffe-mean", whole, whole, few, ("the mean image is the same at each pixel",),
        ("--mean-file", f"caffe-mean-image{suffix}.binaryproto"), mean,
    )  # fmt: skip


main()
