import GoogLeNet

/// Tells what an HDF5 file or a zip archive of Keras holds, and has its network built.
enum KerasFile {
  private static let configuration = "config.json"
  private static let weights = "model.weights.h5"
  private static let metadata = "metadata.json"

  static func isArchive(_ archive: ZipArchive) -> Bool {
    archive.names.contains(configuration) && archive.names.contains(weights)
  }

  /// Of a `.keras` file.
  static func network(
    of archive: ZipArchive, _ file: InputFile, options: ConversionOptions
  ) throws(GoogLeNetError) -> ImportedNetwork {
    let text = try archive.read(configuration, limit: KerasModel.configurationLimit)
    let model = try withExtendedLifetime(text) { () throws(GoogLeNetError) in try KerasModel(text.bytes, file) }
    let block = try archive.read(weights, limit: .max)
    return try withExtendedLifetime(block) { () throws(GoogLeNetError) in
      let data = try HDF5File(block.bytes, file)
      let arrays = try KerasWeights(data, isArchive: true, layers: model.layers, file: file)
      var network = try KerasImporter.network(of: model, arrays, source: .keras, options: options, file: file)
      network.metadata = try texts(of: archive)
      return network
    }
  }

  /// Of an `.h5` file.
  static func network(ofHDF5 file: InputFile, options: ConversionOptions) throws(GoogLeNetError)
    -> ImportedNetwork
  {
    let data = try HDF5File(file.bytes, file)
    guard let text = data.texts["@model_config"] else { throw file.unsupported(what(data)) }
    let model = try [UInt8](text.utf8).withRawBytes { (bytes) throws(GoogLeNetError) in try KerasModel(bytes, file) }
    let arrays = try KerasWeights(data, isArchive: false, layers: model.layers, file: file)
    var network = try KerasImporter.network(of: model, arrays, source: .kerasHDF5, options: options, file: file)
    network.metadata = texts(version: data.texts["@keras_version"])
    return network
  }

  /// What an archive says for people.
  private static func texts(of archive: ZipArchive) throws(GoogLeNetError) -> [MetadataEntry] {
    guard archive.names.contains(metadata) else { return [] }
    let text = try archive.read(metadata, limit: KerasModel.configurationLimit)
    return withExtendedLifetime(text) {
      let told = try? JSONValue(text.bytes)
      let date = told?["date_saved"]?.string.map { MetadataEntry(key: "date_saved", value: $0) }
      return texts(version: told?["keras_version"]?.string) + [date].compactMap { $0 }
    }
  }

  private static func texts(version: String?) -> [MetadataEntry] {
    version.map { [MetadataEntry(key: MetadataKey.sourceProducer, value: "Keras \($0)")] } ?? []
  }

  /// What an HDF5 file without a model's configuration is, and what would help.
  private static func what(_ data: HDF5File) -> String {
    let advice =
      "build the model in Keras with its code, call load_weights with this file, then model.save('model.keras')"
    let paths = data.datasets.keys
    let isLegacy = ["@layer_names", "@nb_layers"].contains { data.texts[$0] != nil || data.marks.contains($0) }
    let folders = ["layers/", "_layer_checkpoint_dependencies/", "model_weights/"]
    if isLegacy || paths.contains(where: { path in folders.contains { path.hasPrefix($0) } }) {
      return "it is a Keras file of weights only (save_weights), without the network's structure: \(advice)"
    }
    if paths.contains(where: { $0.hasPrefix("data/") }) {
      return "it is a Caffe file of weights in HDF5, without the network's structure: convert the .caffemodel"
    }
    return "it is an HDF5 file, but not one of a Keras model, which would have the attribute model_config"
  }
}
