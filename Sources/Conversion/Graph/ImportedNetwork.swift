import GoogLeNet

/// What an importer hands over: layers, and what their source says or implies about everything else.
struct ImportedNetwork {
  var source: SourceFormat
  /// "" where the file does not say.
  var name: String
  var inputName: String
  /// In topological order; the last one gives the output.
  var layers: [Layer]
  var inputChannels: Int
  /// nil where the file does not say.
  var inputSize: (height: Int, width: Int)?
  var preprocessing: PreprocessingDefaults
  /// From the file itself; empty where it has none.
  var labels: [String] = []
  /// From the file itself, under its own keys.
  var metadata: [MetadataEntry] = []
  /// By layer, from a file that is quantized already.
  var quantizations: [String: ActivationQuantization] = [:]
  /// Where asked for, in the order of the layers.
  var paddingFixes: [PaddingFix] = []
  var notes: [String] = []
}
