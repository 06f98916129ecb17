import Foundation
import GoogLeNet

@testable import Conversion
@testable import FuzzSupport

// HDF5 files of Keras, which libhdf5 reads in a process of its own: whatever that does, this one lives.

fuzz(seeds: [golden("keras2-sequential.h5"), golden("keras3-sequential.h5")]) { bytes throws(GoogLeNetError) in
  guard FileKind(InputFile(name: "input", folder: nil, bytes: bytes)) == .hdf5 else { return }
  try convertAndReload(bytes)
}
