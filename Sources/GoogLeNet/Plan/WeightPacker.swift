import CKernels

/// Packs the weights of many convolutions on a session's threads, or finds them packed already.
struct WeightPacker {
  struct Job {
    let key: PackedWeightsCache.Key
    /// Bytes of the packed form.
    let size: Int
    /// Bytes of the copy that packing makes of the weights, and of the file that leave memory afterwards.
    let temporaryBytes: Int
    let droppedBytes: Int
    let pack: (UnsafeMutableRawPointer) -> Void
  }

  let model: Model
  let allocator: BlockAllocator

  /// One block a job, in their order, kept by `storage`. New blocks lie one after another, so that kernels which ask for the next
  /// weights ahead run into the next layer's.
  func pack(_ jobs: [Job], _ crew: Crew, _ storage: PlanStorage) throws(GoogLeNetError) -> [AllocatedBlock] {
    let present = jobs.map { model.packedWeights.acquire($0.key) }
    for block in present {
      if let block { storage.keepPackedWeights(block) }
    }
    let missing = present.indices.filter { present[$0] == nil }
    let offsets = WeightPacker.offsets(missing.map { jobs[$0].size })
    guard let size = offsets.last, size > 0 else { return present.compactMap { $0 } }
    let whole = try allocator.allocate(size, for: "packed weights")
    crew.forEach(missing.count) { jobs[missing[$0]].pack(whole.base + offsets[$0]) }
    var packed = present
    for (place, index) in missing.enumerated() {
      let part = AllocatedBlock(partOf: whole, offset: offsets[place], size: jobs[index].size)
      let block = model.packedWeights.insert(part, for: jobs[index].key)
      storage.keepPackedWeights(block)
      packed[index] = block
    }
    return packed.compactMap { $0 }
  }

  /// Where blocks of these sizes begin, and where the last ends.
  private static func offsets(_ sizes: [Int]) -> [Int] {
    let alignment = Int(GLN_ALIGNMENT)
    var offsets = [0]
    var end = 0
    for size in sizes {
      end += (size + alignment - 1) / alignment * alignment
      offsets.append(end)
    }
    return offsets
  }

  /// Packs a group of a float32 convolution, with the layers folded into it.
  static func pack(
    _ it: GraphNode.Convolution, group: Int, _ shape: gln_f32_convolution, _ record: gln_f32_convolution_algorithm,
    into packed: UnsafeMutableRawPointer
  ) {
    let outputs = it.outputChannels / it.groups
    let first = group * outputs
    let destination = packed.assumingMemoryBound(to: Float.self)
    var shape = shape
    var bias: [Float]? = it.bias.map { Array($0.floats()[first..<first + outputs]) }
    defer { it.dropPages() }
    if it.isPackedInPlace, let start = it.weights.bytes.baseAddress {
      record.pack?(&shape, start.assumingMemoryBound(to: Float.self) + first * it.depth, bias, destination)
      return
    }
    var weights = it.weights.floats()
    if let (scale, shift) = it.affine {
      var shifted = bias ?? [Float](repeating: 0, count: outputs)
      for output in 0..<outputs {
        let factor = scale[first + output]
        shifted[output] = shifted[output] * factor + shift[first + output]
        for index in (first + output) * it.depth..<(first + output + 1) * it.depth { weights[index] *= factor }
      }
      bias = shifted
    }
    weights.withUnsafeBufferPointer {
      guard let start = $0.baseAddress else { return }
      record.pack?(&shape, start + first * it.depth, bias, destination)
    }
  }
}
