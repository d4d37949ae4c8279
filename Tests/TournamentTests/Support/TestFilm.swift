import Base
import Foundation
import Programs
import Synchronization

@testable import Tournament

/// Films made by ffmpeg, and films that lie.
enum TestFilm {
    private static let made = Mutex<[[String]: [UInt8]]>([:])

    /// Runs ffmpeg with an output of the given ending; what was made once in a run is made no more.
    static func make(_ arguments: [String], ending: String = "mp4") async throws -> [UInt8] {
        let key = arguments + [ending]
        if let bytes = made.withLock({ $0[key] }) { return bytes }
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "film-\(ID<Clip>(at: SystemClock().now(), using: SystemRandomness()))", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }  // Litter in /tmp fails no test.
        let program = BoundedProgram(name: "ffmpeg", clock: SystemClock())
        try await program.run(
            ["-v", "error", "-y"] + arguments + ["film.\(ending)"], in: folder,
            within: BoundedProgram.Bounds(deadline: .seconds(120), processorSeconds: 100, outputBytes: 80 << 20))
        let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "film.\(ending)")))
        made.withLock { $0[key] = bytes }
        return bytes
    }

    /// The arguments of a coloured picture that moves.
    static func picture(_ seconds: Double, _ size: String = "180x320", rate: Int = 24) -> [String] {
        ["-f", "lavfi", "-i", "testsrc2=s=\(size):r=\(rate):d=\(seconds)"]
    }

    static let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]

    /// One second, upright.
    static func short() async throws -> [UInt8] { try await make(picture(1) + h264) }

    /// Seconds of another picture.
    static func film(_ seconds: Double, _ more: [String] = []) async throws -> [UInt8] {
        try await make(picture(seconds) + h264 + more)
    }

    // MARK: Surgery

    /// The place of a box of MP4 by its name: where the name stands.
    static func place(of box: String, in bytes: [UInt8]) -> Int? {
        let name = Array(box.utf8)
        return (0..<max(0, bytes.count - 4)).first { bytes[$0] == name[0] && Array(bytes[$0..<$0 + 4]) == name }
    }

    /// Replaces the number of four bytes at a distance behind a box's name.
    static func patched(_ bytes: [UInt8], _ box: String, at offset: Int, to value: UInt32) -> [UInt8] {
        guard let place = place(of: box, in: bytes) else { return bytes }
        var bytes = bytes
        for index in 0..<4 {
            bytes[place + offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
        }
        return bytes
    }

    static func number(_ bytes: [UInt8], _ box: String, at offset: Int) -> UInt32 {
        guard let place = place(of: box, in: bytes) else { return 0 }
        return bytes[place + offset..<place + offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The header with 64-bit times in place of the one with 32 bits: its box and the one around it grow by 12 bytes.
    ///
    /// For files whose index stands last: places of pictures do not move.
    static func withWideHeader(_ bytes: [UInt8]) -> [UInt8] {
        guard let place = place(of: "mvhd", in: bytes), let around = Self.place(of: "moov", in: bytes), around > 8
        else { return bytes }
        func wide(_ offset: Int) -> [UInt8] { [0, 0, 0, 0] + bytes[place + offset..<place + offset + 4] }
        let header: [UInt8] =
            [1, 0, 0, 0] + wide(8) + wide(12) + bytes[place + 16..<place + 20] + wide(20)
        var result = bytes
        result.replaceSubrange(place + 4..<place + 24, with: header)
        for (start, size) in [(place - 4, 120), (around - 4, Int(number(bytes, "moov", at: -4)) + 12)] {
            for index in 0..<4 { result[start + index] = UInt8(truncatingIfNeeded: size >> (24 - 8 * index)) }
        }
        return result
    }
}
