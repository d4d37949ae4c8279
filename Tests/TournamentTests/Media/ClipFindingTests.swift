import Foundation
import Testing

@testable import Tournament

@Suite struct ClipFindingTests {
    @Test func `a file is what its first bytes say, not its name`() {
        func container(_ text: String, _ front: [UInt8] = [0, 0, 0, 24]) -> ClipContainer? {
            ClipContainer(head: front + Array(text.utf8) + Array(repeating: 0, count: 16))
        }
        #expect(container("ftypisom") == .mp4)
        #expect(container("ftypqt  ") == .mov)
        #expect(container("moov") == .mov && container("wide") == .mov)
        #expect(container("\u{42}\u{82}webm", [0x1A, 0x45, 0xDF, 0xA3]) == .webm)
        #expect(container("\u{42}\u{82}matroska", [0x1A, 0x45, 0xDF, 0xA3]) == nil)
        for text in ["#EXTM3U", "ffconcat version 1.0", "GIF89a", "RIFFxxxxAVI ", "<svg>", ""] {
            #expect(ClipContainer(head: Array(text.utf8)) == nil, "\(text)")
        }
        #expect(ClipContainer(head: []) == nil)
    }

    private func finding(
        codec: String = "h264", width: Int = 720, height: Int = 1_280, milliseconds: Int = 8_000, frames: Int = 240
    ) -> ClipFinding {
        ClipFinding(
            container: "MP4", codec: codec, width: width, height: height, milliseconds: milliseconds, frames: frames)
    }

    @Test func `what is measured decides, at its very bounds`() {
        #expect(finding().fault == nil)
        #expect(finding(milliseconds: 8_500).fault == nil && finding(milliseconds: 8_501).fault == .tooLong)
        #expect(finding(milliseconds: 500).fault == nil && finding(milliseconds: 499).fault == .tooShort)
        #expect(finding(width: 4_096).fault == nil && finding(width: 4_097).fault == .dimensions)
        #expect(finding(height: 63).fault == .dimensions)
        #expect(finding(codec: "mpeg2video").fault == .codec)
        #expect(finding(frames: 1_020).fault == nil && finding(frames: 1_021).fault == .tooManyFrames)
    }

    private func report(_ packets: String, _ stream: String) -> Result<ClipFinding, ClipRefusal> {
        MediaReport.finding(Data("{\"packets\":[\(packets)],\"streams\":[\(stream)]}".utf8), container: .mp4)
    }

    private let picture = #"{"codec_name":"h264","width":640,"height":360}"#

    private func packets(_ count: Int, every step: Double, from start: Double = 0) -> String {
        (0..<count).map { #"{"pts_time":"\#(start + Double($0) * step)","duration_time":"\#(step)"}"# }
            .joined(separator: ",")
    }

    @Test func `the time of a clip is that of its packets, whatever their order and start`() throws {
        let whole = try report(packets(48, every: 1.0 / 24), picture).get()
        #expect(whole.milliseconds == 2_000 && whole.frames == 48)
        let late = try report(packets(48, every: 1.0 / 24, from: 3), picture).get()
        #expect(late.milliseconds == 2_000)
        let shuffled = #"{"pts_time":"0.5","duration_time":"0.5"},{"pts_time":"0","duration_time":"0.5"}"#
        #expect(try report(shuffled, picture).get().milliseconds == 1_000)
        // Without durations the last picture lasts as long as the others do.
        let bare = (0..<10).map { #"{"dts_time":"\#(Double($0) / 10)"}"# }.joined(separator: ",")
        #expect(try report(bare, picture).get().milliseconds == 1_000)
    }

    @Test func `what cannot be is a fault, never a crash`() {
        func fault(_ packets: String, _ stream: String) -> ClipFault? {
            if case .failure(let refusal) = report(packets, stream) { return refusal.fault }
            return nil
        }
        #expect(fault("", picture) == .unreadable)
        #expect(fault(packets(4, every: 0.5), "") == .noPicture)
        #expect(fault(#"{"pts_time":"nan"},{"pts_time":"inf"}"#, picture) == .unreadable)
        #expect(fault(#"{"pts_time":"0"},{"pts_time":"1e300"}"#, picture) == .tooLong)
        #expect(fault(packets(4, every: 0.5), #"{"codec_name":"h264","width":-1,"height":9}"#) == .unreadable)
        #expect(
            fault(packets(4, every: 0.5), #"{"codec_name":"h264","width":9,"height":9223372036854775807}"#)
                == .dimensions)
        let cut = #"{"codec_name":"h264","width":640,"height":360,"nb_frames":"240"}"#
        #expect(fault(packets(20, every: 0.05), cut) == .unreadable)
        #expect(fault(packets(1_200, every: 0.01), picture) == .tooLong)
        if case .failure(let refusal) = MediaReport.finding(Data("{}{".utf8), container: .mp4) {
            #expect(refusal.fault == .unreadable)
        } else {
            Issue.record("nonsense was read as a clip")
        }
    }

    @Test func `a picture is measured as it is shown: turned, with square pixels`() throws {
        let turned = #"{"codec_name":"h264","width":640,"height":360,"side_data_list":[{},{"rotation":-90}]}"#
        let upright = try report(packets(10, every: 0.1), turned).get()
        #expect(upright.width == 360 && upright.height == 640)
        let wide = #"{"codec_name":"h264","width":640,"height":360,"sample_aspect_ratio":"4:3"}"#
        #expect(try report(packets(10, every: 0.1), wide).get().width == 853)
    }

    @Test func `renditions fit their bounds and are never larger than the clip`() {
        for (width, height) in [(1_080, 1_920), (1_920, 1_080), (4_096, 64), (64, 4_096), (65, 67), (3_000, 3_000)] {
            let clip = finding(width: width, height: height)
            for rendition in Rendition.allCases {
                let (w, h) = rendition.size(of: clip)
                #expect(w % 2 == 0 && h % 2 == 0 && w > 0 && h > 0)
                #expect(min(w, h) <= rendition.shortSide + 1 && max(w, h) <= rendition.longSide + 1)
                #expect(w <= width + 1 && h <= height + 1)
            }
        }
        #expect(Rendition.large.size(of: finding(width: 1_080, height: 1_920)) == (720, 1_280))
        for milliseconds in [500, 2_000, 8_500] {
            for rendition in Rendition.allCases {
                let clip = finding(milliseconds: milliseconds)
                let bytes = rendition.bitRate(.fitted, of: clip) * milliseconds / 8_000
                #expect(bytes < rendition.bytesMax && bytes > rendition.bytesMax / 2)
                #expect(rendition.bitRate(.tight, of: clip) < rendition.bitRate(.fitted, of: clip))
            }
        }
    }

    @Test func `programs are told to read this file and nothing else`() {
        let arguments =
            MediaReport.arguments(for: "source", as: .mp4)
            + Rendition.large.arguments(from: "source", as: .webm, to: "out.mp4", of: finding(), pass: .tight)
            + Rendition.poster(from: "source", as: .mov, to: "out.jpg", of: finding())
        let whitelists = arguments.indices.filter { arguments[$0] == "-protocol_whitelist" }
        #expect(whitelists.count == 3 && whitelists.allSatisfy { arguments[$0 + 1] == "file" })
        #expect(arguments.contains("matroska") && arguments.contains("mov"))
        #expect(!arguments.contains { $0.contains("://") || $0.contains("|") || $0.contains(";") })
    }
}
