import Base
import Foundation
import Hosting
import Programs

/// The settings of media work.
enum MediaSettings {
    static let atOnce = Setting(
        "tournament.mediaAtOnce", .integer(0...64, unit: "tasks"), default: "0",
        "Uploads that this process makes ready at once, each on one processor; 0 for half of the processors.")
    static let isOn = Setting(
        "tournament.mediaWork", .flag, default: "true",
        "Whether this process makes uploads ready; others on the same database and files may do it instead.")
    static let ffmpeg = Setting("tournament.ffmpeg", .text, default: "ffmpeg", "The name or path of ffmpeg.")
    static let ffprobe = Setting("tournament.ffprobe", .text, default: "ffprobe", "The name or path of ffprobe.")
    static let folder = Setting(
        "tournament.mediaFolder", .text, default: nil,
        "Where uploads are worked on, a folder for this process alone; without it one in the system's temporary folder."
    )

    static let all = [atOnce, isOn, ffmpeg, ffprobe, folder]

    /// How many tasks are worked on at once.
    static func tasks(_ settings: Settings) -> Int {
        guard settings.flag(isOn) else { return 0 }
        let given = settings.integer(atOnce)
        return given > 0 ? given : MediaJobs.halfTheCores
    }

    static func tools(_ settings: Settings, clock: any WallClock) -> MediaTools {
        let folder =
            // A folder of our own within it: it is emptied when the process starts.
            settings.text(folder).map {
                URL(filePath: $0, directoryHint: .isDirectory).appending(
                    path: "capstan-media", directoryHint: .isDirectory)
            }
            ?? FileManager.default.temporaryDirectory.appending(
                path: "capstan-media-\(ProcessInfo.processInfo.processIdentifier)", directoryHint: .isDirectory)
        return MediaTools(
            ffmpeg: BoundedProgram(name: settings.text(ffmpeg) ?? "ffmpeg", clock: clock),
            ffprobe: BoundedProgram(name: settings.text(ffprobe) ?? "ffprobe", clock: clock), folder: folder)
    }
}
