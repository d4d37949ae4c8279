import Base
import Foundation

/// What `ffprobe` prints of a file, read with suspicion: anything missing or out of range is a fault, not a crash.
struct MediaReport: Sendable {
    /// The arguments that make it print streams and every packet of the first moving picture.
    static func arguments(for file: String, as container: ClipContainer) -> [String] {
        let entries = [packets, stream, turning].joined(separator: ":")
        return ["-v", "error"] + container.reading + ["-of", "json=compact=1", "-select_streams", "V:0"]
            + ["-show_entries", entries, "-i", file]
    }

    private static let packets = "packet=pts_time,dts_time,duration_time"
    private static let stream = "stream=codec_name,width,height,sample_aspect_ratio,nb_frames"
    private static let turning = "stream_tags=rotate:stream_side_data=rotation"

    private struct Output: Decodable {
        var packets: [Packet]?
        var streams: [Stream]?
    }

    private struct Packet: Decodable {
        var ptsTime: String?
        var dtsTime: String?
        var durationTime: String?
    }

    private struct Stream: Decodable {
        struct Tags: Decodable { var rotate: String? }
        struct SideData: Decodable { var rotation: Double? }

        var codecName: String?
        var width: Int?
        var height: Int?
        var sampleAspectRatio: String?
        var nbFrames: String?
        var tags: Tags?
        var sideDataList: [SideData]?
    }

    /// Reads the program's output.
    static func finding(_ output: some DataProtocol, container: ClipContainer) -> Result<ClipFinding, ClipRefusal> {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        // What cannot be decoded is what a damaged file makes the program print.
        guard let read = try? decoder.decode(Output.self, from: Data(output)) else {
            return .failure(ClipRefusal(.unreadable))
        }
        guard let stream = read.streams?.first else { return .failure(ClipRefusal(.noPicture)) }
        guard let codec = stream.codecName, let width = stream.width, let height = stream.height, width > 0, height > 0
        else { return .failure(ClipRefusal(.unreadable)) }
        let packets = read.packets ?? []
        guard !packets.isEmpty, let milliseconds = milliseconds(packets, stream) else {
            return .failure(ClipRefusal(.unreadable))
        }
        // An index that promises many more pictures than there are stands before a file that was cut off.
        let promised = min(stream.nbFrames.flatMap { Int($0) } ?? 0, 10_000_000)
        guard packets.count + max(2, promised / 50) >= promised else { return .failure(ClipRefusal(.unreadable)) }
        let size = shownSize(width, height, stream)
        let finding = ClipFinding(
            container: container.rawValue, codec: String(codec.prefix(40)), width: size.width, height: size.height,
            milliseconds: milliseconds, frames: packets.count)
        return finding.fault.map { .failure(ClipRefusal($0, finding: finding)) } ?? .success(finding)
    }

    /// From the first picture's time to the end of the last one's, whatever any header says.
    ///
    /// Decoding times stand in where showing times are missing; the last picture lasts as long as one does on average
    /// where its own duration is missing.
    private static func milliseconds(_ packets: [Packet], _ stream: Stream) -> Int? {
        var first = Double.infinity
        var last = -Double.infinity
        var end = -Double.infinity
        for packet in packets {
            guard let time = (packet.ptsTime ?? packet.dtsTime).flatMap(Double.init), time.isFinite else { continue }
            let duration = packet.durationTime.flatMap(Double.init) ?? 0
            first = min(first, time)
            last = max(last, time)
            if duration.isFinite, duration >= 0 { end = max(end, time + duration) }
        }
        guard first.isFinite, last >= first else { return nil }
        if end <= last, packets.count > 1 { end = last + (last - first) / Double(packets.count - 1) }
        let seconds = max(end, last) - first
        // A file may claim any time; what is beyond a day is as wrong as what is beyond the bound.
        return Int(min(seconds, 86_400) * 1_000 + 0.5)
    }

    private static func shownSize(_ width: Int, _ height: Int, _ stream: Stream) -> (width: Int, height: Int) {
        var width = width
        let height = height
        let ratio = (stream.sampleAspectRatio ?? "").split(separator: ":").compactMap { Int($0) }
        if ratio.count == 2, (1...10_000).contains(ratio[0]), (1...10_000).contains(ratio[1]), width <= 100_000 {
            width = max(1, width * ratio[0] / ratio[1])
        }
        let turned =
            stream.sideDataList?.compactMap(\.rotation).first ?? stream.tags?.rotate.flatMap(Double.init) ?? 0
        guard turned.isFinite, abs(turned) < 10_000 else { return (width, height) }
        return abs(Int(turned)) % 180 == 90 ? (height, width) : (width, height)
    }
}

/// That an upload is no clip, and what was found where it could be measured.
struct ClipRefusal: Error, Sendable, Hashable {
    let fault: ClipFault
    let finding: ClipFinding?

    init(_ fault: ClipFault, finding: ClipFinding? = nil) {
        self.fault = fault
        self.finding = finding
    }
}
