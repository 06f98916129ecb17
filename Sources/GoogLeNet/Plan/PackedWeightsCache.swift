import CPlatform

/// The packed weights of a model that live plans use: sessions of the same settings that are made with one cache share them.
/// Thread-safe.
public final class PackedWeightsCache {
  public let model: Model
  /// For each layer the first of its packed forms. Linked to each other, so that adding one allocates nothing.
  private var forms: [PackedWeights?]

  fileprivate init(empty model: Model) {
    self.model = model
    forms = [PackedWeights?](repeating: nil, count: model.network.layers.count)
  }

  /// Counts one more user of the packed weights for `key`, if there are any.
  func acquire(_ key: PackedWeights.Key) -> PackedWeights? {
    gln_lock_acquire()
    defer { gln_lock_release() }
    return find(key)
  }

  /// Adds packed weights with one user, unless another thread was faster; returns those to use, with one more user.
  func insert(_ weights: PackedWeights) -> PackedWeights {
    gln_lock_acquire()
    defer { gln_lock_release() }
    if let present = find(weights.key) { return present }
    weights.next = forms[weights.key.layer]
    forms[weights.key.layer] = weights
    return weights
  }

  private func find(_ key: PackedWeights.Key) -> PackedWeights? {
    var form = forms[key.layer]
    while let it = form {
      if it.key.isSame(as: key) {
        it.users += 1
        return it
      }
      form = it.next
    }
    return nil
  }

  /// How many packed forms live plans use.
  var count: Int {
    gln_lock_acquire()
    defer { gln_lock_release() }
    var count = 0
    for first in forms {
      var form = first
      while let it = form {
        count += 1
        form = it.next
      }
    }
    return count
  }

  /// Ends one user's use; the last one frees them. The caller's reference outlives the lock, so that nothing is given back to a host's
  /// allocator under it.
  func release(_ weights: PackedWeights) {
    gln_lock_acquire()
    defer { gln_lock_release() }
    weights.users -= 1
    guard weights.users == 0 else { return }
    let layer = weights.key.layer
    if forms[layer] === weights {
      forms[layer] = weights.next
    } else {
      var form = forms[layer]
      while let it = form, it.next !== weights { form = it.next }
      form?.next = weights.next
    }
    weights.next = nil
  }
}

extension PackedWeightsCache: AllocatedLast {}

extension AllocatedLast where Self == PackedWeightsCache {
  /// - Throws: `outOfMemory`, also where there is none for its lock to survive a fork.
  public init(of model: Model) throws(GoogLeNetError) {
    guard gln_watch_forks() != 0 else { throw GoogLeNetError(.outOfMemory, "no memory for a lock") }
    self = PackedWeightsCache(empty: model)
    try Allocation.check()
  }
}
