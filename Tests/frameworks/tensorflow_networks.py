"""GoogLeNets in TensorFlow's own operations: slim's Inception v1 and the graph published in 2015."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf


class Weights:
    """Random values of a trained network's magnitude, made once for each name, as constants or variables."""

    def __init__(self, seed, variables=False):
        self.random = np.random.default_rng(seed)
        self.variables = variables
        self.made = {}

    def __call__(self, name, values):
        if not self.variables:
            return tf.constant(values, tf.float32, name=name)
        if name not in self.made:
            with tf.init_scope():
                self.made[name] = tf.Variable(values, dtype=tf.float32, name=name)
        return self.made[name]

    def kernel(self, name, *shape, gain=2.0):
        return self(name, self.random.normal(0, np.sqrt(gain / np.prod(shape[:-1])), shape))

    def vector(self, name, count, low, high):
        return self(name, self.random.uniform(low, high, count))

    def constant(self, name, count, value):
        return self(name, np.full(count, value))


def fused(version, epsilon=0.001):
    """Batch normalization as one operation."""

    def apply(weights, name, x):
        count = x.shape[-1]
        # slim trains no gamma: the graph holds one value for all channels.
        scale = weights.constant(f"{name}/BatchNorm/Const", count, 1.0)
        beta = weights.vector(f"{name}/BatchNorm/beta", count, -0.5, 0.5)
        mean = weights.vector(f"{name}/BatchNorm/moving_mean", count, -0.5, 0.5)
        variance = weights.vector(f"{name}/BatchNorm/moving_variance", count, 0.4, 1.8)
        operation = getattr(tf.raw_ops, f"FusedBatchNorm{version}")
        return operation(
            x=x, scale=scale, offset=beta, mean=mean, variance=variance, epsilon=epsilon, is_training=False,
            name=f"{name}/BatchNorm/FusedBatchNorm",
        ).y  # fmt: skip

    return apply


def unfused(weights, name, x):
    """Batch normalization as arithmetic of constants."""
    count = x.shape[-1]
    mean = weights.vector(f"{name}/BatchNorm/moving_mean", count, -0.5, 0.5)
    variance = weights.vector(f"{name}/BatchNorm/moving_variance", count, 0.4, 1.8)
    beta = weights.vector(f"{name}/BatchNorm/beta", count, -0.5, 0.5)
    gamma = weights.vector(f"{name}/BatchNorm/gamma", count, 0.7, 1.3)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 0.001, name=f"{name}/BatchNorm/batchnorm")


def slim(image, weights, size, normalize, head=None):
    """Inception v1 as slim builds it: batch normalization, and 3×3 in place of 5×5."""

    def conv(x, scope, channels, kernel, stride=1):
        name = f"InceptionV1/InceptionV1/{scope}"
        filters = weights.kernel(f"{name}/weights", kernel, kernel, x.shape[-1], channels)
        y = tf.nn.conv2d(x, filters, stride, "SAME", name=f"{name}/Conv2D")
        return tf.nn.relu(normalize(weights, name, y), name=f"{name}/Relu")

    def pool(x, scope, kernel, stride):
        return tf.nn.max_pool2d(x, kernel, stride, "SAME", name=f"InceptionV1/InceptionV1/{scope}/MaxPool")

    x = conv(image, "Conv2d_1a_7x7", size.channels(64), 7, 2)
    x = pool(x, "MaxPool_2a_3x3", 3, 2)
    x = conv(x, "Conv2d_2b_1x1", size.channels(64), 1)
    x = conv(x, "Conv2d_2c_3x3", size.channels(192), 3)
    x = pool(x, "MaxPool_3a_3x3", 3, 2)
    for module, widths in size.modules.items():
        if module == "4a":
            x = pool(x, "MaxPool_4a_3x3", 3, 2)
        if module == "5a":
            x = pool(x, "MaxPool_5a_2x2", 2, 2)
        one, reduce3, three, reduce5, five, projection = map(size.channels, widths)
        scope = f"Mixed_{module}"
        branches = [
            conv(x, f"{scope}/Branch_0/Conv2d_0a_1x1", one, 1),
            conv(conv(x, f"{scope}/Branch_1/Conv2d_0a_1x1", reduce3, 1), f"{scope}/Branch_1/Conv2d_0b_3x3", three, 3),
            conv(conv(x, f"{scope}/Branch_2/Conv2d_0a_1x1", reduce5, 1), f"{scope}/Branch_2/Conv2d_0b_3x3", five, 3),
            conv(pool(x, f"{scope}/Branch_3/MaxPool_0a_3x3", 3, 1), f"{scope}/Branch_3/Conv2d_0b_1x1", projection, 1),
        ]
        x = tf.concat(branches, 3, name=f"InceptionV1/InceptionV1/{scope}/concat")
    return (head or slim_head)(x, weights, size)


def slim_head(x, weights, size):
    """Window over all, 1×1 convolution, and a softmax between reshapes, one of them by a shape found at run time."""
    name = "InceptionV1/Logits"
    x = tf.nn.avg_pool2d(x, size.last, 1, "VALID", name=f"{name}/AvgPool_0a_7x7/AvgPool")
    filters = weights.kernel(f"{name}/Conv2d_0c_1x1/weights", 1, 1, x.shape[-1], size.classes, gain=3.0)
    x = tf.nn.conv2d(x, filters, 1, "SAME", name=f"{name}/Conv2d_0c_1x1/Conv2D")
    x = tf.nn.bias_add(x, weights.vector(f"{name}/Conv2d_0c_1x1/biases", size.classes, -1, 1))
    x = tf.squeeze(x, [1, 2], name=f"{name}/SpatialSqueeze")
    shape = tf.shape(x, name=f"{name}/Predictions/Shape")
    x = tf.reshape(x, [-1, size.classes], name=f"{name}/Predictions/Reshape")
    x = tf.nn.softmax(x, name=f"{name}/Predictions/Softmax")
    return tf.reshape(x, shape, name=f"{name}/Predictions/Reshape_1")


def mean_head(keep=None):
    """The mean over rows and columns, dropout as training leaves it where `keep` is given, a matrix, a softmax."""

    def apply(x, weights, size):
        x = tf.reduce_mean(x, [1, 2], name="pool")
        if keep is not None:
            noise = tf.random.uniform(tf.shape(x), name="dropout/random_uniform")
            x = (x / keep) * tf.floor(keep + noise)
        return dense_head(x, weights, size)

    return apply


def dense_head(x, weights, size):
    """A matrix and a softmax."""
    matrix = weights.kernel("logits/kernel", int(x.shape[-1]), size.classes, gain=3.0)
    return tf.nn.softmax(tf.matmul(x, matrix) + weights.vector("logits/bias", size.classes, -1, 1), name="predictions")


def inception_graph(image, weights, size):
    """The network of tensorflow_inception_graph.pb: LRN, biases, and two auxiliary heads. Gives the three outputs."""

    def conv(x, name, channels, kernel, stride=1):
        filters = weights.kernel(f"{name}_w", kernel, kernel, x.shape[-1], channels)
        y = tf.nn.conv2d(x, filters, stride, "SAME", name=f"{name}_pre_relu/conv")
        y = tf.nn.bias_add(y, weights.vector(f"{name}_b", channels, -0.2, 0.4), name=f"{name}_pre_relu")
        return tf.nn.relu(y, name=name)

    def normalize(x, name):
        return tf.nn.local_response_normalization(x, 5, 2.0, 1e-2, 0.75, name=name)

    def head(x, index, pooled):
        x = tf.reshape(pooled, [-1, int(np.prod(pooled.shape[1:]))], name=f"head{index}_reshape")
        matrix = weights.kernel(f"softmax{index}_w", int(x.shape[-1]), size.classes, gain=3.0)
        x = tf.matmul(x, matrix, name=f"softmax{index}_pre_activation/matmul")
        x = tf.nn.bias_add(
            x, weights.vector(f"softmax{index}_b", size.classes, -1, 1), name=f"softmax{index}_pre_activation"
        )
        x = tf.nn.softmax(x, name=f"softmax{index}")
        return tf.identity(x, name=f"output{index or ''}")

    x = conv(image, "conv2d0", size.channels(64), 7, 2)
    x = normalize(tf.nn.max_pool2d(x, 3, 2, "SAME", name="maxpool0"), "localresponsenorm0")
    x = conv(x, "conv2d1", size.channels(64), 1)
    x = conv(x, "conv2d2", size.channels(192), 3)
    x = tf.nn.max_pool2d(normalize(x, "localresponsenorm1"), 3, 2, "SAME", name="maxpool1")
    outputs = []
    for module, widths in size.modules.items():
        if module in ("4a", "5a"):
            x = tf.nn.max_pool2d(x, 3, 2, "SAME", name=f"maxpool_{module}")
        one, reduce3, three, reduce5, five, projection = map(size.channels, widths)
        name = f"mixed{module}"
        branches = [
            conv(x, f"{name}_1x1", one, 1),
            conv(conv(x, f"{name}_3x3_bottleneck", reduce3, 1), f"{name}_3x3", three, 3),
            conv(conv(x, f"{name}_5x5_bottleneck", reduce5, 1), f"{name}_5x5", five, 5),
            conv(tf.nn.max_pool2d(x, 3, 1, "SAME", name=f"{name}_pool"), f"{name}_pool_reduce", projection, 1),
        ]
        x = tf.raw_ops.Concat(concat_dim=3, values=branches, name=name)
        if module in ("4a", "4d"):
            pooled = tf.nn.avg_pool2d(x, 2, 2, "SAME", name=f"head{len(outputs)}_pool")
            outputs.append(head(x, len(outputs), pooled))
    pooled = tf.nn.avg_pool2d(x, size.last, 1, "VALID", name="avgpool0")
    return [*outputs, head(x, 2, pooled)]


def residual(image, weights, size):
    """Sums of two and of three branches, and each activation beside plain ReLU that converts."""
    width = size.channels(256)

    def conv(x, name, kernel=3, stride=1, gain=2.0):
        filters = weights.kernel(f"{name}/weights", kernel, kernel, x.shape[-1], width, gain=gain)
        y = tf.nn.conv2d(x, filters, stride, "SAME", name=f"{name}/Conv2D")
        return tf.nn.bias_add(y, weights.vector(f"{name}/biases", width, -0.2, 0.4), name=f"{name}/BiasAdd")

    # Of larger numbers, so that some are clipped.
    x = tf.nn.relu6(conv(image, "stem", stride=2, gain=60.0), name="stem/Relu6")
    y = tf.nn.leaky_relu(fused("V3")(weights, "a1", conv(x, "a1")), 0.15, name="a1/LeakyRelu")
    x = tf.nn.relu(x + conv(y, "a2"), name="a/Relu")
    # As Keras computes PReLU.
    y = conv(x, "b1")
    slopes = weights("b1/alpha", weights.random.uniform(-0.2, 0.4, (1, 1, width)))
    y = tf.nn.relu(y) + -slopes * tf.nn.relu(-y)
    x = tf.raw_ops.AddN(inputs=[x, y, tf.sigmoid(conv(x, "b2", 1), name="b2/Sigmoid")], name="b/AddN")
    x = tf.nn.leaky_relu(conv(x, "c", stride=2), name="c/LeakyRelu")
    x = tf.reduce_mean(tf.nn.relu6(x + 1.0, name="c/Relu6"), [1, 2], name="pool")
    return dense_head(x, weights, size)
