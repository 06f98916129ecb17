import CKernels

/// A graph with kernels, packed weights and memory: everything that a run does, as a list of tasks in stages.
/// Belongs to one session.
final class Plan {
  /// One phase of one operation.
  struct Task {
    let run: gln_run_unit
    let arguments: UnsafeRawPointer
    let phase: Int32
    let units: Int
  }

  /// Tasks that do not depend on each other: their units may run at the same time.
  struct Stage {
    let tasks: UnsafeBufferPointer<Task>
    let units: Int
  }

  /// Where a value lies, channels-last.
  struct Location {
    let base: UnsafeMutablePointer<Float>
    let shape: Shape
    let rowStride: Int
    let pixelStride: Int

    /// Writes the value as planes (CHW).
    func copyPlanes(to output: UnsafeMutablePointer<Float>) {
      var next = output
      for channel in 0..<shape.channels {
        for row in 0..<shape.height {
          var pixel = base + (row &* rowStride &+ channel)
          for _ in 0..<shape.width {
            next.pointee = pixel.pointee
            next += 1
            pixel += pixelStride
          }
        }
      }
    }
  }

  /// Fills the network's input from pixels or from planes, then everything else.
  let pixels: UnsafeMutablePointer<gln_f32_pixels>
  let planes: UnsafeMutablePointer<gln_f32_planes>
  let pixelStage: Stage
  let planeStage: Stage
  let stages: UnsafeBufferPointer<Stage>

  let probabilities: Location
  let logits: Location
  let features: Location
  /// The outputs of the observed layers, in the order in which they were asked for.
  let observed: [Location]

  /// One after another, one a thread.
  let scratch: UnsafeMutableRawPointer
  let scratchStride: Int

  let weightBytes: Int
  let activationBytes: Int

  private let storage: PlanStorage

  init(
    pixels: UnsafeMutablePointer<gln_f32_pixels>, planes: UnsafeMutablePointer<gln_f32_planes>, pixelStage: Stage,
    planeStage: Stage, stages: UnsafeBufferPointer<Stage>, probabilities: Location, logits: Location,
    features: Location, observed: [Location], scratch: UnsafeMutableRawPointer, scratchStride: Int, weightBytes: Int,
    activationBytes: Int, storage: PlanStorage
  ) {
    self.pixels = pixels
    self.planes = planes
    self.pixelStage = pixelStage
    self.planeStage = planeStage
    self.stages = stages
    self.probabilities = probabilities
    self.logits = logits
    self.features = features
    self.observed = observed
    self.scratch = scratch
    self.scratchStride = scratchStride
    self.weightBytes = weightBytes
    self.activationBytes = activationBytes
    self.storage = storage
  }
}
