import Base

/// What was measured of an upload, packet by packet: nothing of it is what the file says about itself.
struct ClipFinding: Sendable, Hashable, Codable {
    let container: String
    let codec: String
    /// As it is shown: turned and with square pixels.
    let width: Int
    let height: Int
    let milliseconds: Int
    let frames: Int

    /// What is taken.
    enum Bounds {
        static let milliseconds = 500...8_500
        static let side = 64...4_096
        /// 120 a second for the longest clip.
        static let framesMax = 1_020
        static let codecs: Set<String> = ["h264", "hevc", "vp8", "vp9", "av1", "prores"]
    }

    /// Why this is no clip; `nil` when it is one.
    var fault: ClipFault? {
        if !Bounds.codecs.contains(codec) { return .codec }
        if !Bounds.side.contains(width) || !Bounds.side.contains(height) { return .dimensions }
        if milliseconds > Bounds.milliseconds.upperBound { return .tooLong }
        if frames > Bounds.framesMax { return .tooManyFrames }
        if milliseconds < Bounds.milliseconds.lowerBound { return .tooShort }
        return nil
    }

    /// What was found, in a line.
    var summary: String {
        let seconds = Double((milliseconds + 50) / 100) / 10
        return "\(container), \(codec), \(width) × \(height), \(seconds) seconds"
    }
}

/// What kind of file some bytes begin, whatever its name or declared type.
enum ClipContainer: String, Sendable, CaseIterable {
    case mp4 = "MP4"
    case mov = "MOV"
    case webm = "WebM"

    /// How many bytes decide.
    static let headBytes = 64

    private var demuxer: String { self == .webm ? "matroska" : "mov" }

    /// How a program is told to read such a file: by no other reader, and from no other source, so that a playlist inside
    /// leads nowhere; without the file's list of edits, which may hide most of it.
    var reading: [String] {
        ["-protocol_whitelist", "file", "-f", demuxer] + (self == .webm ? [] : ["-ignore_editlist", "1"])
    }

    /// Looks at the first bytes; `nil` for anything else.
    init?(head: some Collection<UInt8>) {
        let head = Array(head.prefix(Self.headBytes))
        if head.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) {
            // EBML: Matroska and WebM, told apart by the name of the document's type, which stands near the start.
            guard Self.holds("webm", in: head) else { return nil }
            self = .webm
            return
        }
        guard head.count >= 12 else { return nil }
        let kind = String(decoding: head[4..<8], as: UTF8.self)
        switch kind {
        case "ftyp": self = String(decoding: head[8..<12], as: UTF8.self) == "qt  " ? .mov : .mp4
        // QuickTime files of before there was a type, and ones that begin with a hint or padding.
        case "moov", "mdat", "wide", "free", "skip", "pnot": self = .mov
        default: return nil
        }
    }

    private static func holds(_ word: String, in bytes: [UInt8]) -> Bool {
        let word = Array(word.utf8)
        return bytes.indices.contains { start in bytes[start...].starts(with: word) }
    }
}
