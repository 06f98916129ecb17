/// How a file stores a layer's output where that is at least 0: as the integers 0 to `top`, in units of `scale`.
struct ActivationQuantization: Equatable {
  let scale: Float
  let top: Int
}
