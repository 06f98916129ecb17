"""torchvision's GoogLeNet as state dicts, TorchScript and ONNX, and plain ones, with transform_input and without."""

import copy
import os
import warnings

import numpy as np
import torch
import torchvision
from goldens import arguments, save
from torch import nn
from torchvision.models.googlenet import Inception, InceptionAux

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


class Plain(nn.Module):
    """A convolution with a bias and no batch normalization."""

    def __init__(self, in_channels, out_channels, **options):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, **options)

    def forward(self, x):
        return torch.relu(self.conv(x))


def narrow(model, random):
    """Remakes all convolutions with a 16th of their channels, some odd, for which the readers' inputs follow."""

    def convert(module):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d):
                channels = max(child.out_channels // 16, 2) + int(random.integers(0, 2))
                options = dict(stride=child.stride, padding=child.padding, bias=child.bias is not None)
                setattr(module, name, nn.LazyConv2d(channels, child.kernel_size, **options))
            elif isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.LazyBatchNorm2d(eps=child.eps))
            elif isinstance(child, nn.Linear):
                setattr(module, name, nn.LazyLinear(child.out_features))
            else:
                convert(child)

    convert(model)


def googlenet(seed, full, size, transform=False, auxiliary=False, plain=False, kernel=3):
    """A GoogLeNet with random values of a trained network's magnitude."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = torchvision.models.GoogLeNet(
        num_classes=1000 if full else 12, transform_input=transform, aux_logits=auxiliary, init_weights=False,
        blocks=[Plain, lambda *channels: Inception(*channels, conv_block=Plain), InceptionAux] if plain else None,
    )  # fmt: skip
    for name, module in model.named_modules():
        if name.endswith("branch3.1"):
            old = module.conv
            module.conv = nn.Conv2d(
                old.in_channels, old.out_channels, kernel, padding=kernel // 2, bias=old.bias is not None
            )
    if not full:
        narrow(model, random)
    # Auxiliary classifiers are there only while training, and flatten an image of the real size.
    model.train(auxiliary)
    with torch.no_grad():
        model(torch.zeros(2, 3, *((224, 224) if auxiliary else size)))
    model.eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                if module.bias is not None:
                    module.bias.uniform_(-0.2, 0.4)
            elif isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.7, 1.3)
                module.bias.uniform_(-0.5, 0.5)
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.4, 1.8)
            elif isinstance(module, nn.Linear):
                module.weight.normal_(0, (3 / module.in_features) ** 0.5)
                module.bias.uniform_(-1, 1)
    return model


def misfitting(model):
    """The network with padding 1 in its 5x5 branches: it can be scripted, but not run."""
    model = copy.deepcopy(model)
    for name, module in model.named_modules():
        if name.endswith("branch3.1"):
            old = module.conv
            module.conv = nn.Conv2d(old.in_channels, old.out_channels, 5, padding=1, bias=old.bias is not None)
            module.conv.load_state_dict(old.state_dict())
    return model


def pictures(size, seed=1):
    """Smooth N×H×W×3 pictures with noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]] / 16
    waves = random.uniform(-1, 1, (2, 3, 3))
    smooth = np.stack(
        [np.sin(w[:, 0, None, None] * rows + w[:, 1, None, None] * columns + w[:, 2, None, None]) for w in waves]
    )
    pixels = 128 + 90 * smooth + random.normal(0, 25, smooth.shape)
    return pixels.clip(0, 255).round().astype(np.uint8).transpose(0, 2, 3, 1)


def main():
    warnings.simplefilter("ignore")
    folder, full = arguments()
    end = "-full" if full else ""
    size = (224, 224) if full else (96, 64)
    asked = () if full else ("--input-size", f"{size[0]}x{size[1]}")
    pixels = pictures(size)
    images = torch.from_numpy(((pixels / np.float32(255) - MEAN) / DEVIATION).transpose(0, 3, 1, 2).astype(np.float32))

    def write(name, model, suffix, store, options=(), notes=()):
        with torch.no_grad():
            probabilities = torch.softmax(model(images), 1).numpy()
        store(model, folder / f"{name}{end}{suffix}")
        save(folder, f"{name}{end}", pixels, probabilities, options, notes=notes)

    def state(model, path):
        torch.save(model.state_dict(), path)

    def wrapped(model, path):
        torch.save({"epoch": 3, "model": {f"module.{key}": value for key, value in model.state_dict().items()}}, path)

    def exported(dynamo):
        def store(model, path):
            torch.onnx.export(model, (images[:1],), path, dynamo=dynamo, external_data=False, input_names=["image"])

        return store

    transformed = googlenet(1, full, size, transform=True)
    yes = (*asked, "--transform-input", "yes")
    write("torch-transform", transformed, ".pth", state, yes, ("transform_input is on",))
    write("torch-auxiliary", googlenet(2, full, size, auxiliary=True), ".pt", wrapped, asked, ("'aux1'", "assumed off"))
    plain = googlenet(3, full, size, plain=True, kernel=5)
    write("torch-plain", plain, ".pth", state, asked, ("no batch norm", "does not tell padding"))
    told = ("transform_input is on: the script's code tells",)
    write("torch-script", transformed, ".pt", lambda model, path: torch.jit.script(model).save(path), asked, told)
    write("torch-trace", transformed, ".pt", lambda model, path: torch.jit.trace(model, images).save(path), asked, told)
    # What the framework says is said of the network with padding 2.
    fixed = (*asked, "--fix-padding"), ("fixed padding", "5 x 5 convolution 'inception5b.branch3.1' 2 instead of 1")
    write(
        "torch-script-padding", plain, ".pt",
        lambda model, path: torch.jit.script(misfitting(model)).save(path), *fixed,
    )  # fmt: skip
    folded = ("folded the network's own normalization", "transform_input")
    write("onnx-transform", transformed, ".onnx", exported(True), (), folded)
    write("onnx-transform-old", transformed, ".onnx", exported(False), (), folded)


# Exporters report their steps on standard output.
os.environ.setdefault("TORCH_LOGS", "-onnx")
main()
