import Foundation

/// A folder that goes with the value that holds it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let parent = ProcessInfo.processInfo.environment["CAPSTAN_TEST_FOLDER"] ?? NSTemporaryDirectory()
        var template = Array((parent + "/system.XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Broken(.failed, "no temporary folder in \(parent)") }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit {
        // What cannot be removed is left to whoever cleans the parent.
        try? FileManager.default.removeItem(atPath: path)
    }
}
