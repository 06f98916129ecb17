"""What a network is, whatever runs it."""

from __future__ import annotations

import ctypes

from . import _declarations as c
from ._library import check, library
from ._loaded_model import LoadedModel
from ._preprocessing import Preprocessing, preprocessing_of
from ._results import Layer, text


class Description:
    """What a Model and its Sessions tell of the network that they share."""

    _class_count: int
    _feature_count: int
    _input_channels: int

    def _loaded(self) -> LoadedModel:
        """The model, alive as long as the caller refers to it; raises ClosedError."""
        raise NotImplementedError

    def _describe(self, model: LoadedModel) -> None:
        """Takes down what calls need to know."""
        self._class_count = library().gln_model_class_count(model.pointer)
        self._feature_count = library().gln_model_feature_count(model.pointer)
        self._input_channels = library().gln_model_input_channels(model.pointer)

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order in which they run, with their shapes at the model's own input size."""
        model, layers = self._loaded(), list[Layer]()
        for index in range(library().gln_model_layer_count(model.pointer)):
            info = c.CLayerInfo(struct_size=ctypes.sizeof(c.CLayerInfo))
            check(library().gln_model_layer(model.pointer, index, ctypes.byref(info)))
            layers.append(
                Layer(
                    text(info.name),
                    text(info.kind),
                    info.channels,
                    info.height,
                    info.width,
                    info.parameter_count,
                    info.multiply_add_count,
                )
            )
        return layers

    @property
    def labels(self) -> list[str]:
        """The name of each class; "" for each where the model has no labels."""
        model = self._loaded()
        return [text(library().gln_model_label(model.pointer, index)) for index in range(self._class_count)]

    @property
    def name(self) -> str:
        """The model's name as the converter stored it."""
        model = self._loaded()
        return text(library().gln_model_name(model.pointer))

    @property
    def producer(self) -> str:
        """The program that wrote the model file."""
        model = self._loaded()
        return text(library().gln_model_producer(model.pointer))

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures become the network's input, as in training."""
        model = self._loaded()
        return preprocessing_of(model.pointer)

    @property
    def metadata(self) -> dict[str, str]:
        """What the model file says of itself in texts under keys, such as "licence" and "source"; a new dict."""
        model, texts = self._loaded(), dict[str, str]()
        for index in range(library().gln_model_metadata_count(model.pointer)):
            entry, value = ctypes.c_char_p(), ctypes.c_char_p()
            check(library().gln_model_metadata_entry(model.pointer, index, ctypes.byref(entry), ctypes.byref(value)))
            texts[text(entry.value)] = text(value.value)
        return texts

    @property
    def class_count(self) -> int:
        """The number of classes."""
        return self._class_count

    @property
    def feature_count(self) -> int:
        """The length of the vector that features() gives for an image."""
        return self._feature_count

    @property
    def input_channels(self) -> int:
        """The number of channels of the images that predict() takes."""
        return self._input_channels

    @property
    def parameter_count(self) -> int:
        """The number of trained values."""
        model = self._loaded()
        return int(library().gln_model_parameter_count(model.pointer))

    @property
    def multiply_add_count(self) -> int:
        """Multiply-adds for one image of the model's own input size."""
        model = self._loaded()
        return int(library().gln_model_multiply_add_count(model.pointer))

    @property
    def work_count(self) -> int:
        """A measure of how long an image takes, for bounding the work of a model that somebody else made.

        The multiply-adds; for pooling and local response normalization outputs times the values of a window; the
        outputs of all other layers. 2**64 - 1 where it is larger.
        """
        model = self._loaded()
        return int(library().gln_model_work_count(model.pointer))
