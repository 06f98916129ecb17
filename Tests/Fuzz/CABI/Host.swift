import CGoogLeNet

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

@testable import FuzzSupport

/// A host that holds a few models, options and sessions, and calls what the bytes say. It breaks no rule that the header sets, so
/// every call must return a status that the header allows, and write where it may and nowhere else.
final class Host {
  var choices: Choices
  private var models: [HostModel] = []
  private var sessions: [HostSession] = []
  private var options: [HostOptions] = []

  init(_ choices: Choices) {
    self.choices = choices
  }

  func run() {
    CountingAllocator.untilFailure = nil
    loadModel()
    var calls = 0
    while calls < 60, !choices.isAtEnd {
      call()
      calls += 1
    }
    // Sessions outlive their models, or the other way round.
    if choices.chance(50) { freeModels() }
    while !sessions.isEmpty { freeSession(sessions.count - 1) }
    freeModels()
    for it in options { gln_session_options_free(it.pointer) }
    guard CountingAllocator.blocks == 0 else { fatalError("\(CountingAllocator.blocks) blocks were not released") }
  }

  private func call() {
    switch choices.number(0...36) {
    case 0...2: loadModel()
    case 3: describeModel()
    case 4: makeOptions()
    case 5...7: setOption()
    case 8...12: createSession()
    case 13: describeSession()
    case 14...15: classify()
    case 16: preprocess()
    case 17...20: predict()
    case 21...22: features()
    case 23...26: layer()
    case 27: layerShape()
    case 28: profile()
    case 29: constants()
    case 30: loseFile()
    case 31...34: runViews()
    default: freeOne()
    }
  }

  // MARK: Checks

  func check(_ status: gln_status, _ allowed: [gln_status], _ what: StaticString) {
    guard allowed.contains(status) else {
      fatalError("\(what) returns \(status.rawValue): \(String(cString: gln_last_error_message()))")
    }
    if status != GLN_OK, gln_last_error_message().pointee == 0 { fatalError("\(what) fails without a message") }
  }

  /// Checks what a run returned and wrote.
  /// - Parameters:
  ///   - isValid: whether nothing but infinite values may stop it.
  ///   - written: how many bytes it writes where it succeeds.
  func check(
    _ status: gln_status, isValid: Bool, _ session: HostSession, _ output: ExactBuffer, written: Int,
    _ what: StaticString
  ) {
    // An int8 model may hold what no kernel computes, which only shows where a layer is asked for.
    var allowed = [GLN_UNSUPPORTED]
    if session.isLimited { allowed.append(GLN_LIMIT_EXCEEDED) }
    if session.model.file?.isGone ?? false { allowed.append(GLN_IO_ERROR) }
    if session.mayCancel { allowed.append(GLN_CANCELLED) }
    if isValid {
      allowed += session.model.isWhole ? [GLN_OK] : [GLN_OK, GLN_NOT_FINITE]
    } else {
      allowed += [GLN_INVALID_ARGUMENT, GLN_BUFFER_TOO_SMALL, GLN_NOT_FOUND, GLN_OUT_OF_MEMORY]
    }
    check(status, allowed, what)
    switch status {
    case GLN_OK:
      guard output.isUntouched(from: written) else { fatalError("\(what) writes beyond its result") }
    case GLN_NOT_FINITE, GLN_CANCELLED: break
    default:
      guard output.isUntouched() else { fatalError("\(what) fails and writes") }
    }
  }

  func maybe<Pointer>(_ pointer: Pointer) -> Pointer? { choices.chance(4) ? nil : pointer }

  // MARK: Models

  private func loadModel() {
    guard models.count < 3 else { return }
    let (file, isWhole) = ModelFile.random(&choices)
    guard !file.isEmpty else { return }
    if choices.chance(30) { return loadFile(file, isWhole: isWhole) }
    if choices.chance(20) { return loadCallbacks(file, isWhole: isWhole) }
    let buffer = ExactBuffer(file)
    let memory = choices.pick([GLN_MEMORY_COPY, GLN_MEMORY_BORROW, GLN_MEMORY_BORROW, gln_memory(rawValue: 2)])
    let size = choices.chance(5) ? choices.pick([0, -1, file.count - 1]) : file.count
    let bytes = maybe(UnsafeRawPointer(buffer.base))
    var pointer: OpaquePointer?
    let status =
      choices.chance(4)
      ? gln_model_load_memory(bytes, size, memory, nil) : gln_model_load_memory(bytes, size, memory, &pointer)
    checkLoaded(
      status, pointer,
      isValid: isWhole && bytes != nil && size == file.count && memory.rawValue < 2 && status != GLN_INVALID_ARGUMENT,
      "load_memory")
    guard let pointer else { return }
    models.append(HostModel(pointer, borrowed: memory == GLN_MEMORY_BORROW ? buffer : nil, isWhole: isWhole))
  }

  private func loadFile(_ contents: [UInt8], isWhole: Bool) {
    let file = TemporaryFile(contents)
    let isCopied = choices.chance(70)
    let load = isCopied ? gln_model_read_file : gln_model_load_file
    guard let path = maybe(file.path), !choices.chance(4) else {
      var pointer: OpaquePointer?
      let isNull = choices.chance(50)
      check(load(isNull ? nil : "/proc/self/fd/", &pointer), [isNull ? GLN_INVALID_ARGUMENT : GLN_IO_ERROR], "a file")
      return check(load(file.path, nil), [GLN_INVALID_ARGUMENT], "a file")
    }
    var pointer: OpaquePointer?
    checkLoaded(load(path, &pointer), pointer, isValid: isWhole, isCopied ? "read_file" : "load_file")
    guard let pointer else { return }
    models.append(HostModel(pointer, file: isCopied ? file : nil, isWhole: isWhole))
  }

  /// A file that is read by a callback, which may fail, and call the library.
  private final class ReadFile {
    let contents: [UInt8]
    let failsAt: Int?
    var next: UInt64 = 0

    init(_ contents: [UInt8], failsAt: Int?) {
      self.contents = contents
      self.failsAt = failsAt
    }
  }

  private func loadCallbacks(_ contents: [UInt8], isWhole: Bool) {
    let read: gln_read_function = { context, offset, buffer, size in
      guard let context, let buffer else { fatalError("nothing to read into") }
      let file = Unmanaged<ReadFile>.fromOpaque(context).takeUnretainedValue()
      guard offset == file.next, size > 0, size <= file.contents.count - Int(offset) else {
        fatalError("\(size) bytes from \(offset) on are asked for")
      }
      file.next += UInt64(size)
      _ = gln_model_load_memory(buffer, 0, GLN_MEMORY_COPY, nil)
      if let place = file.failsAt, file.next > place { return -1 }
      let piece = file.contents[Int(offset)..<Int(offset) + size]
      UnsafeMutableRawBufferPointer(start: buffer, count: size).copyBytes(from: piece)
      return 0
    }
    let fails = choices.chance(10)
    let file = ReadFile(contents, failsAt: fails ? choices.number(0...contents.count - 1) : nil)
    let size = choices.chance(5) ? choices.pick([UInt64(0), .max, UInt64(contents.count - 1)]) : UInt64(contents.count)
    let function = choices.chance(4) ? nil : read
    var pointer: OpaquePointer?
    let context = Unmanaged.passUnretained(file).toOpaque()
    let status = withExtendedLifetime(file) {
      choices.chance(4)
        ? gln_model_load_callbacks(function, size, context, nil)
        : gln_model_load_callbacks(function, size, context, &pointer)
    }
    if fails, status == GLN_IO_ERROR {
      guard pointer == nil else { fatalError("load_callbacks fails and writes") }
      return
    }
    checkLoaded(
      status, pointer,
      isValid: isWhole && !fails && size == contents.count && function != nil && status != GLN_INVALID_ARGUMENT,
      "load_callbacks")
    if let pointer { models.append(HostModel(pointer, isWhole: isWhole)) }
  }

  private func checkLoaded(_ status: gln_status, _ pointer: OpaquePointer?, isValid: Bool, _ what: StaticString) {
    check(
      status,
      [
        GLN_OK, GLN_INVALID_ARGUMENT, GLN_INVALID_MODEL, GLN_UNSUPPORTED_VERSION, GLN_UNSUPPORTED, GLN_OUT_OF_MEMORY,
      ], what)
    guard (status == GLN_OK) == (pointer != nil) else { fatalError("\(what) and its model disagree") }
    guard isValid, pointer == nil else { return }
    fatalError("a valid model is refused: \(String(cString: gln_last_error_message()))")
  }

  /// Changes what a model was read from.
  private func loseFile() {
    guard let file = models.isEmpty ? nil : choices.pick(models).file else { return }
    if choices.chance(50) { file.overwrite() } else { file.truncate() }
  }

  private func describeModel() {
    let model = models.isEmpty ? nil : maybe(choices.pick(models).pointer)
    let isNull = model == nil
    guard (gln_model_name(model) == nil) == isNull, (gln_model_producer(model) == nil) == isNull else {
      fatalError("a model without a name")
    }
    let classes = gln_model_class_count(model)
    for index in [0, classes - 1, classes, -1, Int.max] {
      let label = gln_model_label(model, index)
      guard (label != nil) == (!isNull && index >= 0 && index < classes) else { fatalError("label \(index)") }
      if let label { _ = strlen(label) }
    }
    guard isNull == (gln_model_input_height(model) == 0), isNull == (gln_model_input_width(model) == 0),
      isNull == (gln_model_input_channels(model) == 0), isNull == (gln_model_feature_count(model) == 0),
      isNull == (gln_model_precision(model) == GLN_PRECISION_AUTO)
    else { fatalError("a model without a size") }
    _ = gln_model_parameter_count(model)
    guard isNull ? gln_model_work_count(model) == 0 : gln_model_work_count(model) > 0 else {
      fatalError("a model without work")
    }
    describePreprocessing(of: model)
    describeMetadata(of: model)
    let info = ExactBuffer(byteCount: MemoryLayout<gln_layer_info>.size + choices.number(0...8))
    let layer = info.base.assumingMemoryBound(to: gln_layer_info.self)
    let size = choices.pick([MemoryLayout<gln_layer_info>.size, 0, 8, info.bytes.count])
    layer.pointee.struct_size = size
    let count = gln_model_layer_count(model)
    let index = choices.pick([0, count - 1, count, -1, Int.max])
    let status = gln_model_layer(model, index, maybe(layer))
    check(status, [GLN_OK, GLN_INVALID_ARGUMENT], "model_layer")
    guard info.isUntouched(from: status == GLN_OK ? MemoryLayout<gln_layer_info>.size : 8) else {
      fatalError("model_layer writes beyond its struct")
    }
  }

  private func describePreprocessing(of model: OpaquePointer?) {
    let size = MemoryLayout<gln_preprocessing>.size
    let info = ExactBuffer(byteCount: size + choices.number(0...8))
    let preprocessing = info.base.assumingMemoryBound(to: gln_preprocessing.self)
    preprocessing.pointee.struct_size = choices.pick([size, 0, 8, info.bytes.count])
    let isValid = model != nil && preprocessing.pointee.struct_size >= size
    let target = maybe(preprocessing)
    let status = gln_model_preprocessing(model, target)
    check(status, isValid && target != nil ? [GLN_OK] : [GLN_INVALID_ARGUMENT], "model_preprocessing")
    guard info.isUntouched(from: status == GLN_OK ? size : 8) else {
      fatalError("model_preprocessing writes beyond its struct")
    }
  }

  private func describeMetadata(of model: OpaquePointer?) {
    let count = gln_model_metadata_count(model)
    guard model != nil || count == 0 else { fatalError("metadata of no model") }
    for index in [0, count - 1, count, -1, Int.max] {
      var key: UnsafePointer<CChar>?
      var value: UnsafePointer<CChar>?
      let status = gln_model_metadata_entry(model, index, &key, &value)
      check(status, [0..<count ~= index ? GLN_OK : GLN_INVALID_ARGUMENT], "model_metadata_entry")
      guard (key != nil) == (status == GLN_OK), (value != nil) == (status == GLN_OK) else {
        fatalError("model_metadata_entry and its texts disagree")
      }
      guard gln_model_metadata(model, key) == value else { fatalError("another text under the same key") }
    }
    check(gln_model_metadata_entry(model, 0, nil, nil), [GLN_INVALID_ARGUMENT], "model_metadata_entry")
  }

  // MARK: Options

  private func makeOptions() {
    guard options.count < 3 else { return }
    var pointer: OpaquePointer?
    check(gln_session_options_create(nil), [GLN_INVALID_ARGUMENT], "options_create")
    check(gln_session_options_create(&pointer), [GLN_OK], "options_create")
    if let pointer { options.append(HostOptions(pointer)) }
  }

  private func setOption() {
    guard let it = options.isEmpty ? nil : choices.pick(options) else { return makeOptions() }
    let pointer = maybe(it.pointer)
    func set(_ status: gln_status, isValid: Bool) {
      check(status, isValid && pointer != nil ? [GLN_OK] : [GLN_INVALID_ARGUMENT], "an option's setter")
    }
    switch choices.number(0...12) {
    case 0:
      let threads = choices.pick([1, 2, 3, 0, -1, 257, Int32.max, Int32.min])
      set(gln_session_options_set_threads(pointer, threads), isValid: 0...256 ~= threads)
    case 1:
      let isa = UInt32(choices.number(0...6))
      set(gln_session_options_set_max_isa(pointer, gln_isa(rawValue: isa)), isValid: isa < 6)
    case 2:
      let backend = choices.pick([UInt32(0), 2, .max])
      set(gln_session_options_set_backend(pointer, gln_backend(rawValue: backend)), isValid: backend < 2)
    case 3:
      let algorithm = choices.pick([UInt32(0), 1, 2, .max])
      set(gln_session_options_set_algorithm(pointer, gln_algorithm(rawValue: algorithm)), isValid: algorithm < 2)
    case 4:
      let precision = choices.pick([UInt32(0), 1, 2, 3, .max])
      set(gln_session_options_set_precision(pointer, gln_precision(rawValue: precision)), isValid: precision < 3)
    case 5:
      let (height, width) = (side(), side())
      let isValid = height == 0 ? width == 0 : 1...8192 ~= height && 1...8192 ~= width
      set(gln_session_options_set_input_size(pointer, height, width), isValid: isValid)
      if isValid, pointer != nil { it.side = Int(max(height, width)) }
    case 6:
      let time = choices.pick([Int32(0), 1, 1_000_001, -1])
      set(gln_session_options_set_spin_time(pointer, time), isValid: 0...1_000_000 ~= time)
    case 7:
      let (allocates, releases) = choices.pick([
        (true, true), (true, true), (false, false), (true, false), (false, true),
      ])
      set(
        gln_session_options_set_allocator(
          pointer, allocates ? CountingAllocator.allocate : nil, releases ? CountingAllocator.release : nil,
          UnsafeMutableRawPointer(bitPattern: 8)), isValid: allocates == releases)
    case 8:
      let log: gln_log_function = { _, message in
        guard let message, strlen(message) > 0 else { fatalError("an empty line of the log") }
      }
      set(gln_session_options_set_log(pointer, choices.chance(70) ? log : nil, nil), isValid: true)
    case 9:
      let limit = choices.pick([UInt64(0), .max, 1, UInt64(choices.number(0...1_000_000))])
      set(gln_session_options_set_memory_limit(pointer, limit), isValid: true)
      if pointer != nil { it.isLimited = 1...1_000_000 ~= limit }
    case 10: set(setTeam(pointer), isValid: true)
    case 11:
      let progress: gln_progress_function = { _, done, total in
        guard 1...total ~= done else { fatalError("\(done) of \(total)") }
        return done == 3 ? 1 : 0
      }
      set(gln_session_options_set_progress(pointer, choices.chance(50) ? progress : nil, nil), isValid: true)
      if pointer != nil { it.mayCancel = true }
    default:
      let backwards: gln_parallel_for_function = { _, count, work, context in
        for index in (0..<count).reversed() { work?(context, index) }
      }
      set(gln_session_options_set_parallel_for(pointer, choices.chance(70) ? backwards : nil, nil), isValid: true)
    }
  }

  /// Gives options a new team, which they alone keep, or none.
  private func setTeam(_ options: OpaquePointer?) -> gln_status {
    guard choices.chance(70) else { return gln_session_options_set_thread_team(options, nil) }
    let threads = choices.pick([Int32(1), 2, 3, -1, 257, .max, .min])
    let time = choices.pick([Int32(0), 1, 1_000_001, -1])
    let isValid = 0...256 ~= threads && 0...1_000_000 ~= time
    var team: OpaquePointer?
    check(gln_thread_team_create(threads, time, nil), [GLN_INVALID_ARGUMENT], "thread_team_create")
    check(
      gln_thread_team_create(threads, time, &team), [isValid ? GLN_OK : GLN_INVALID_ARGUMENT], "thread_team_create")
    guard gln_thread_team_threads(team) == (isValid ? threads : 0) else { fatalError("a team of other threads") }
    defer { gln_thread_team_free(team) }
    return gln_session_options_set_thread_team(options, team)
  }

  private func side() -> Int32 {
    choices.chance(15) ? choices.pick([0, -1, 8193, .max, .min]) : Int32(choices.number(0...24))
  }

  // MARK: Sessions

  private func createSession() {
    guard sessions.count < 4, let model = models.isEmpty ? nil : choices.pick(models) else { return }
    let it = options.isEmpty || choices.chance(15) ? nil : choices.pick(options)
    let (height, width) = (Int(gln_model_input_height(model.pointer)), Int(gln_model_input_width(model.pointer)))
    // What a mutation made large takes too long.
    guard model.work < 2_000_000, height * width < 1 << 13, it.map({ $0.side <= 64 }) ?? true else { return }
    var pointer: OpaquePointer?
    let known = maybe(model.pointer)
    if choices.chance(10) { CountingAllocator.untilFailure = choices.number(0...3) }
    defer { CountingAllocator.untilFailure = nil }
    let status =
      choices.chance(4)
      ? gln_session_create(known, it?.pointer, nil) : gln_session_create(known, it?.pointer, &pointer)
    let isLimited = it?.isLimited ?? false
    var allowed = [GLN_OK, GLN_INVALID_ARGUMENT, GLN_OUT_OF_MEMORY, GLN_UNSUPPORTED]
    if isLimited { allowed.append(GLN_LIMIT_EXCEEDED) }
    if model.file?.isGone ?? false { allowed.append(GLN_IO_ERROR) }
    check(status, allowed, "session_create")
    guard (status == GLN_OK) == (pointer != nil) else { fatalError("session_create and its session disagree") }
    if let pointer {
      sessions.append(HostSession(pointer, model, isLimited: isLimited, mayCancel: it?.mayCancel ?? false))
    }
  }

  private func describeSession() {
    let session = sessions.isEmpty ? nil : maybe(choices.pick(sessions).pointer)
    let isNull = session == nil
    guard isNull == (gln_session_isa(session) == GLN_ISA_BEST), isNull == (gln_session_threads(session) == 0),
      isNull == (gln_session_precision(session) == GLN_PRECISION_AUTO),
      gln_session_backend(session) == GLN_BACKEND_NATIVE, isNull == (gln_session_input_height(session) == 0),
      isNull == (gln_session_input_width(session) == 0), isNull == (gln_session_activation_bytes(session) == 0)
    else { fatalError("a session without a size") }
    _ = gln_session_weight_bytes(session)
    let info = ExactBuffer(byteCount: MemoryLayout<gln_session_memory_info>.size)
    let memory = info.base.assumingMemoryBound(to: gln_session_memory_info.self)
    memory.pointee.struct_size = choices.pick([info.bytes.count, 0, 8])
    let isSet = memory.pointee.struct_size == info.bytes.count
    let target = maybe(memory)
    let status = gln_session_memory(session, target)
    check(status, !isNull && isSet && target != nil ? [GLN_OK] : [GLN_INVALID_ARGUMENT], "session_memory")
    guard status == GLN_OK || info.isUntouched(from: 8) else { fatalError("session_memory fails and writes") }
  }

  /// A session, or NULL; nil where there is none.
  func session() -> HostSession? { sessions.isEmpty ? nil : choices.pick(sessions) }

  /// Calls `body` with images, most often right ones.
  private func withBatch(
    _ session: HostSession, _ body: (_ batch: UnsafePointer<gln_batch>?, _ count: Int, _ isValid: Bool) -> Void
  ) {
    var isValid = true
    let count = choices.pick([1, 2, 3])
    let pixelCount = session.height * session.width
    var batch = gln_batch()
    var data: ExactBuffer
    var random = choices.randomNumbers()
    if choices.chance(35) {
      batch.kind = GLN_BATCH_FLOAT32
      batch.format = gln_pixel_format(rawValue: UInt32(choices.byte()))
      let values = random.floats(count * session.channels * pixelCount)
      data = values.withUnsafeBytes { ExactBuffer([UInt8]($0)) }
      if choices.chance(5) {
        data = ExactBuffer([0] + data.bytes)
        batch.data = UnsafeRawPointer(data.base + 1)
        isValid = false
      } else {
        batch.data = UnsafeRawPointer(data.base)
      }
    } else {
      let format =
        session.channels == 1 ? GLN_PIXEL_GRAY : choices.pick([GLN_PIXEL_RGB, GLN_PIXEL_BGRA, GLN_PIXEL_BGR])
      batch.kind = GLN_BATCH_U8
      batch.format = format
      let size = count * pixelCount * bytes(of: format)
      data = ExactBuffer((0..<size).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) })
      batch.data = UnsafeRawPointer(data.base)
    }
    batch.count = count
    if choices.chance(10) {
      isValid = false
      switch choices.number(0...3) {
      case 0: batch.count = 0
      case 1: batch.data = nil
      case 2: batch.kind = gln_batch_kind(rawValue: 2)
      default:
        batch.kind = GLN_BATCH_U8
        batch.format = gln_pixel_format(rawValue: choices.pick([5, .max]))
      }
    }
    withExtendedLifetime(data) {
      if choices.chance(3) { return body(nil, count, false) }
      body(&batch, count, isValid)
    }
  }

  func bytes(of format: gln_pixel_format) -> Int {
    switch format {
    case GLN_PIXEL_RGB, GLN_PIXEL_BGR: 3
    case GLN_PIXEL_RGBA, GLN_PIXEL_BGRA: 4
    default: 1
    }
  }

  /// A run that writes rows of `length` floats.
  private func run(
    _ session: HostSession, _ length: Int, isValid: Bool, _ what: StaticString,
    _ call: (OpaquePointer?, UnsafePointer<gln_batch>?, UnsafeMutablePointer<Float>?, Int) -> gln_status
  ) {
    withBatch(session) { batch, count, isValidBatch in
      let needed = count * length
      let capacity = choices.chance(10) ? choices.pick([needed - 1, 0, needed + 5]) : needed
      let output = ExactBuffer(byteCount: max(capacity, 1) * 4)
      let (pointer, values) = (maybe(session.pointer), maybe(output.floats))
      let status = call(pointer, batch, values, capacity)
      check(
        status, isValid: isValid && isValidBatch && capacity >= needed && pointer != nil && values != nil, session,
        output, written: needed * 4, what)
    }
  }

  private func predict() {
    guard let session = session() else { return }
    let kind = choices.pick([
      GLN_OUTPUT_PROBABILITIES, GLN_OUTPUT_LOGITS, GLN_OUTPUT_PROBABILITIES, gln_output(rawValue: 2),
    ])
    run(session, session.classes, isValid: kind.rawValue < 2, "predict") { pointer, batch, values, capacity in
      let status = gln_session_predict(pointer, batch, kind, values, capacity)
      if status == GLN_OK, kind == GLN_OUTPUT_PROBABILITIES, let values {
        let total = (0..<session.classes).reduce(0) { $0 + values[$1] }
        guard abs(total - 1) < 1e-4 else { fatalError("probabilities sum to \(total)") }
      }
      return status
    }
  }

  private func features() {
    guard let session = session(), let length = session.features else { return }
    run(session, length, isValid: true, "features") { gln_session_features($0, $1, $2, $3) }
  }

  /// A name for the library to find, or not.
  private func withName(_ session: HostSession, _ body: (_ name: UnsafePointer<CChar>?, _ isKnown: Bool) -> Void) {
    if choices.chance(4) { return body(nil, false) }
    let isKnown = !choices.chance(10)
    let name =
      isKnown
      ? [UInt8](choices.pick(session.model.layers).utf8)
      : choices.pick([[], [0xFF, 0xFE], [UInt8](repeating: 0x6C, count: 300)])
    let text = ExactBuffer(name + [0])
    withExtendedLifetime(text) { body(UnsafePointer(text.base.assumingMemoryBound(to: CChar.self)), isKnown) }
  }

  private func layer() {
    guard let session = session() else { return }
    withName(session) { name, isKnown in
      var (channels, height, width) = (Int32(1), Int32(1), Int32(1))
      if isKnown {
        check(gln_session_layer_shape(session.pointer, name, &channels, &height, &width), [GLN_OK], "layer_shape")
      }
      run(session, Int(channels) * Int(height) * Int(width), isValid: isKnown, "layer") {
        gln_session_layer($0, name, $1, $2, $3)
      }
    }
  }

  private func layerShape() {
    guard let session = session() else { return }
    withName(session) { name, isKnown in
      var shape: (Int32, Int32, Int32) = (-7, -7, -7)
      let status =
        choices.chance(10)
        ? gln_session_layer_shape(session.pointer, name, &shape.0, nil, &shape.2)
        : gln_session_layer_shape(session.pointer, name, &shape.0, &shape.1, &shape.2)
      check(status, isKnown ? [GLN_OK, GLN_INVALID_ARGUMENT] : [GLN_NOT_FOUND, GLN_INVALID_ARGUMENT], "layer_shape")
      guard (status == GLN_OK) == (shape.0 > 0 && shape.1 > 0 && shape.2 > 0), status == GLN_OK || shape == (-7, -7, -7)
      else { fatalError("layer_shape and its result disagree") }
    }
  }

  private func profile() {
    guard let session = session() else { return }
    withBatch(session) { batch, count, isValid in
      let receive: gln_profile_function = { context, operation in
        guard let context, let operation, operation.pointee.kind != nil, operation.pointee.kernel != nil else {
          fatalError("an operation that says nothing")
        }
        for index in 0..<operation.pointee.layer_count {
          guard let name = operation.pointee.layers?[index], strlen(name) > 0 else {
            fatalError("a layer without a name")
          }
        }
        var image = gln_batch()
        image.data = UnsafeRawPointer(context)
        image.count = 1
        var value = Float(0)
        guard gln_session_predict(OpaquePointer(context), &image, GLN_OUTPUT_LOGITS, &value, 1) == GLN_BUSY else {
          fatalError("a busy session runs")
        }
      }
      let pointer = maybe(session.pointer)
      let status = gln_session_profile(pointer, batch, maybe(receive), UnsafeMutableRawPointer(session.pointer))
      check(
        status,
        isValid
          ? [GLN_OK, GLN_INVALID_ARGUMENT, GLN_NOT_FINITE, session.mayCancel ? GLN_CANCELLED : GLN_OK]
          : [GLN_INVALID_ARGUMENT, GLN_UNSUPPORTED], "profile")
    }
  }

  // MARK: Pictures

  /// Calls `body` with a picture, most often a right one.
  private func withImage(_ body: (_ image: UnsafePointer<gln_image>?, _ isValid: Bool) -> Void) {
    var isValid = true
    let format = choices.pick([GLN_PIXEL_RGB, GLN_PIXEL_BGR, GLN_PIXEL_RGBA, GLN_PIXEL_BGRA, GLN_PIXEL_GRAY])
    let (width, height) =
      choices.chance(5) ? choices.pick([(3000, 1), (1, 3000)]) : (choices.number(1...40), choices.number(1...40))
    let packed = width * bytes(of: format)
    let gap = choices.pick([0, 0, 1, 7])
    // The gap after the last row is not the picture's.
    var random = choices.randomNumbers()
    let pixels = ExactBuffer(
      (0..<(height - 1) * (packed + gap) + packed).map { _ in UInt8(truncatingIfNeeded: random.next() >> 32) })
    var image = gln_image()
    image.pixels = UnsafeRawPointer(pixels.base)
    image.width = Int32(width)
    image.height = Int32(height)
    image.row_stride = gap == 0 && choices.chance(50) ? 0 : packed + gap
    image.format = format
    if choices.chance(15) {
      isValid = false
      switch choices.number(0...4) {
      case 0: image.pixels = nil
      case 1: image.width = choices.pick([0, -1, 65536, .max, .min])
      case 2: image.height = choices.pick([0, -1, 65536, .max, .min])
      case 3: image.row_stride = choices.pick([packed - 1, -packed, .min])
      default: image.format = gln_pixel_format(rawValue: choices.pick([5, .max]))
      }
      // A row of no bytes is the same as one of the packed size.
      if image.row_stride == 0, image.pixels != nil, image.width == width, image.height == height,
        image.format == format
      {
        isValid = true
      }
    }
    withExtendedLifetime(pixels) {
      if choices.chance(3) { return body(nil, false) }
      body(&image, isValid)
    }
  }

  private func classify() {
    guard let session = session() else { return }
    withImage { image, isValid in
      let capacity = choices.pick([1, 5, session.classes, session.classes + 2, 0])
      let size = MemoryLayout<gln_prediction>.size
      let output = ExactBuffer(byteCount: max(capacity, 1) * size)
      let predictions = output.base.assumingMemoryBound(to: gln_prediction.self)
      let (pointer, target) = (maybe(session.pointer), maybe(predictions))
      var count = -7
      let status =
        choices.chance(10)
        ? gln_session_classify(pointer, image, target, capacity, nil)
        : gln_session_classify(pointer, image, target, capacity, &count)
      let wanted = min(capacity, session.classes)
      check(
        status, isValid: isValid && capacity > 0 && pointer != nil && target != nil, session, output,
        written: wanted * size, "classify")
      guard count == -7 || (status == GLN_OK && count == wanted) else { fatalError("classify counts \(count)") }
      guard status == GLN_OK else { return }
      for index in 0..<wanted {
        let it = predictions[index]
        guard 0..<session.classes ~= Int(it.class_index), it.probability >= 0, it.probability <= 1.0001,
          index == 0 || it.probability <= predictions[index - 1].probability, let label = it.label
        else { fatalError("prediction \(index) is \(it)") }
        session.labels.append(label)
      }
    }
  }

  private func preprocess() {
    guard let session = session() else { return }
    withImage { image, isValid in
      let needed = session.height * session.width * session.channels
      let capacity = choices.chance(20) ? choices.pick([needed - 1, 0, needed + 3]) : needed
      let output = ExactBuffer(byteCount: max(capacity, 1))
      let (pointer, pixels) = (maybe(session.pointer), maybe(output.base.assumingMemoryBound(to: UInt8.self)))
      let status = gln_session_preprocess(pointer, image, pixels, capacity)
      check(
        status, isValid: isValid && capacity >= needed && pointer != nil && pixels != nil, session, output,
        written: needed, "preprocess")
    }
  }

  // MARK: The rest

  private func constants() {
    let number = choices.pick([UInt32(choices.number(0...20)), .max])
    guard strlen(gln_status_string(gln_status(rawValue: number))) > 0 else { fatalError("a status without a name") }
    guard (gln_isa_name(gln_isa(rawValue: number)) != nil) == (number < 6) else { fatalError("tier \(number)") }
    guard (gln_check_abi(number) == GLN_OK) == (number == UInt32(GLN_ABI_VERSION)) else { fatalError("ABI \(number)") }
    guard gln_cpu_isa() != GLN_ISA_BEST, gln_version_number() > 0, strlen(gln_version_string()) > 0 else {
      fatalError("a library without a version")
    }
  }

  private func freeOne() {
    switch choices.number(0...3) {
    case 0:
      guard !options.isEmpty else { break }
      gln_session_options_free(options.remove(at: choices.number(0...options.count - 1)).pointer)
    case 1:
      guard !models.isEmpty else { break }
      gln_model_free(models.remove(at: choices.number(0...models.count - 1)).pointer)
    case 2: if !sessions.isEmpty { freeSession(choices.number(0...sessions.count - 1)) }
    default:
      gln_model_free(nil)
      gln_session_free(nil)
      gln_session_options_free(nil)
    }
  }

  private func freeModels() {
    for model in models { gln_model_free(model.pointer) }
    models = []
  }

  private func freeSession(_ index: Int) {
    let session = sessions.remove(at: index)
    for label in session.labels { _ = strlen(label) }
    gln_session_free(session.pointer)
  }
}
