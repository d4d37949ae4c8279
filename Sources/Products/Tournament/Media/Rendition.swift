import Base

/// A form in which a clip is played: how large its picture and its file may be.
enum Rendition: String, Sendable, Hashable, CaseIterable {
    case large, small

    /// The shorter side of the picture.
    var shortSide: Int { self == .large ? 720 : 480 }
    /// The longer side of the picture.
    var longSide: Int { self == .large ? 1_280 : 854 }
    /// The largest file.
    var bytesMax: Int { self == .large ? 5_000_000 : 2_000_000 }
    /// Even quality, where the file then fits.
    var quality: Int { self == .large ? 23 : 26 }

    /// What the encoder is told about rates: even quality first; when that was too large, a rate that must fit.
    enum Pass: Sendable, Hashable { case quality, fitted, tight }

    /// The picture of a clip: scaled down to fit, never up, with even sides.
    func size(of finding: ClipFinding) -> (width: Int, height: Int) {
        let (short, long) = (min(finding.width, finding.height), max(finding.width, finding.height))
        let factor = min(1, Double(shortSide) / Double(short), Double(longSide) / Double(long))
        func even(_ side: Int) -> Int { max(2, Int(Double(side) * factor / 2 + 0.5) * 2) }
        return (even(finding.width), even(finding.height))
    }

    /// Bits a second that must fit the file, its frame included.
    func bitRate(_ pass: Pass, of finding: ClipFinding) -> Int {
        let seconds = max(0.5, Double(finding.milliseconds) / 1_000)
        let share = pass == .tight ? 0.55 : 0.8
        return Int(Double(bytesMax) * 8 * share / seconds)
    }

    /// The arguments with which ffmpeg makes it.
    ///
    /// Sound, subtitles, places, names and dates of the original stay behind: only pictures are taken over.
    func arguments(
        from input: String, as container: ClipContainer, to output: String, of finding: ClipFinding, pass: Pass
    ) -> [String] {
        let (width, height) = size(of: finding)
        var arguments = Self.reading(input, as: container)
        arguments += ["-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"]
        arguments += ["-filter_threads", "1", "-vf", "scale=\(width):\(height):flags=bicubic,setsar=1,format=yuv420p"]
        arguments += ["-fpsmax", "30", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-threads", "1"]
        let rate = bitRate(pass, of: finding)
        switch pass {
        case .quality:
            // The bound on the rate keeps seconds of noise from filling the whole file.
            arguments += ["-crf", "\(quality)", "-maxrate", "\(rate)", "-bufsize", "\(rate)"]
        case .fitted, .tight:
            arguments += ["-b:v", "\(rate)", "-maxrate", "\(rate)", "-bufsize", "\(rate / 2)"]
        }
        arguments += ["-g", "60", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"]
        // One more than may be, so that a file that was cut off is seen to be too large.
        return arguments + ["-t", "9", "-fs", "\(bytesMax + 65_536)", "-f", "mp4", output]
    }

    /// The arguments with which ffmpeg takes a picture out of a clip, at a third of its time.
    static func poster(
        from input: String, as container: ClipContainer, to output: String, of finding: ClipFinding
    ) -> [String] {
        let (width, height) = Rendition.small.size(of: finding)
        let time = Double(finding.milliseconds / 3) / 1_000
        return reading(input, as: container, from: time)
            + ["-map", "0:V:0", "-an", "-sn", "-dn", "-map_metadata", "-1", "-frames:v", "1"]
            + ["-vf", "scale=\(width):\(height),setsar=1,format=yuvj420p", "-threads", "1", "-q:v", "4"]
            + ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-fs", "1000000", "-f", "mjpeg", output]
    }

    private static func reading(_ input: String, as container: ClipContainer, from time: Double = 0) -> [String] {
        var arguments = ["-v", "error", "-nostdin", "-y", "-threads", "1"] + container.reading
        if time > 0 { arguments += ["-ss", "\(time)"] }
        return arguments + ["-i", input]
    }
}
