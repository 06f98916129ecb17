import GoogLeNet

/// The trained arrays of a Keras file by layer, whichever way the file names them.
struct KerasWeights {
  private let data: HDF5File
  private let file: InputFile
  /// The folder with each layer's arrays.
  private var folders: [String: String] = [:]
  /// Whether arrays are numbered (`.keras`) instead of named (`.h5`).
  private let isNumbered: Bool
  /// The paths of the arrays in each of the folders `model_weights/<layer>`.
  private var paths: [String: [String]] = [:]

  /// - Parameters:
  ///   - isArchive: whether `data` is the entry `model.weights.h5` of a `.keras` file, else it is a whole `.h5` file.
  ///   - layers: all of the model, in its order.
  init(_ data: HDF5File, isArchive: Bool, layers: [KerasLayer], file: InputFile) throws(GoogLeNetError) {
    self.data = data
    self.file = file
    isNumbered = isArchive
    if isArchive {
      nameFolders(layers)
    } else {
      for layer in layers { folders[layer.name] = "model_weights/\(layer.name)/" }
      let names = Set(folders.values)
      for path in data.datasets.keys.sorted() {
        // Names of layers may have slashes: each beginning that is a layer's folder holds the array.
        for place in path.indices where path[place] == "/" {
          let folder = String(path[...place])
          guard names.contains(folder) else { continue }
          try file.budget.take(2 * MemoryLayout<String>.stride)
          paths[folder, default: []].append(path)
        }
      }
    }
  }

  /// Archives number the layers of each class in their order; recent ones also say each layer's name.
  private mutating func nameFolders(_ layers: [KerasLayer]) {
    let suffix = "/vars@name"
    var named: [String: String] = [:]
    for (path, name) in data.texts where path.hasSuffix(suffix) && path.hasPrefix("layers/") {
      named[name] = "\(path.dropLast("@name".count))/"
    }
    var counts: [String: Int] = [:]
    for layer in layers {
      let word = KerasWeights.snakeCase(layer.type)
      let count = counts[word, default: 0]
      counts[word] = count + 1
      let folder = "\(word)\(count == 0 ? "" : "_\(count)")/vars/"
      // Keras 2.12 calls the outer folder otherwise.
      let roots = ["layers/", "_layer_checkpoint_dependencies/"]
      let root = roots.first { data.datasets["\($0)\(folder)0"] != nil } ?? roots[0]
      folders[layer.name] = named.isEmpty ? root + folder : named[layer.name]
    }
  }

  /// As Keras turns the names of classes into those of folders: "BatchNormalization" to "batch_normalization".
  private static func snakeCase(_ name: String) -> String {
    let letters = [Character](name)
    var result = ""
    for (index, letter) in letters.enumerated() {
      if letter.isUppercase, index > 0 {
        let startsWord = index + 1 < letters.count && letters[index + 1].isLowercase
        if startsWord || letters[index - 1].isLowercase { result += "_" }
      }
      result += letter.lowercased()
    }
    return result
  }

  /// A trained array of a layer.
  /// - Parameters:
  ///   - field: its name in `.h5` files.
  ///   - number: its place among the layer's arrays, which is its name in `.keras` files.
  func tensor(_ layer: KerasLayer, _ field: String, number: Int, dims: [Int]) throws(GoogLeNetError) -> Tensor {
    let path = try path(layer, field, number)
    guard let found = data.datasets[path]?.dims, found == dims else {
      throw file.invalid(
        "layer '\(layer.name)' (\(layer.type)): its \(field) has the shape \(data.datasets[path]?.dims ?? []): \(dims) is expected"
      )
    }
    guard dims.checkedProduct != nil else {
      throw file.invalid("layer '\(layer.name)' (\(layer.type)): its \(field) of \(dims) is empty")
    }
    return try data.tensor(path)
  }

  /// The shape of a trained array of a layer; nil where there is none.
  func dims(_ layer: KerasLayer, _ field: String, number: Int) throws(GoogLeNetError) -> [Int] {
    data.datasets[try path(layer, field, number)]?.dims ?? []
  }

  private func path(_ layer: KerasLayer, _ field: String, _ number: Int) throws(GoogLeNetError) -> String {
    let folder = folders[layer.name] ?? "layers/?/"
    if isNumbered {
      let path = "\(folder)\(number)"
      guard data.datasets[path] != nil else { throw missing(layer, field) }
      return path
    }
    let found = (paths[folder] ?? []).filter { path in
      let name = path.split(separator: "/").last ?? ""
      return name == field || name == "\(field):0"
    }
    guard let path = found.first else { throw missing(layer, field) }
    guard found.count == 1 else {
      throw file.unsupported(
        "layer '\(layer.name)' (\(layer.type)) has \(found.count) arrays called '\(field)': "
          + found.map { "'\($0)'" }.joined(separator: ", "))
    }
    return path
  }

  private func missing(_ layer: KerasLayer, _ field: String) -> GoogLeNetError {
    file.invalid("layer '\(layer.name)' (\(layer.type)) has no \(field): the file does not hold what was trained")
  }
}
