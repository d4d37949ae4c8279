import Base

import typealias Storage.SQLConvertible

/// Why an upload did not become a clip: the reasons of `tournament.clipInvalid`.
enum ClipFault: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
    /// There are no bytes.
    case empty
    /// Neither MP4, MOV nor WebM, whatever its name says.
    case container
    /// Damaged or cut off.
    case unreadable
    /// There is nothing to see.
    case noPicture
    /// The picture is coded in a way that is not taken.
    case codec
    /// Larger or smaller than pictures may be.
    case dimensions
    /// Longer than 8.5 seconds.
    case tooLong
    /// Shorter than half a second.
    case tooShort
    /// More pictures than a clip needs.
    case tooManyFrames
    /// The bytes did not come in time.
    case expired
    /// It was tried several times and could not be made ready; not the upload's fault as far as can be told.
    case failed

    /// What is wrong and what to do, for who made the clip.
    var sentence: String {
        switch self {
        case .empty: "The file was empty."
        case .container: "The file is neither MP4, MOV nor WebM. Export the clip as MP4."
        case .unreadable: "The file is damaged or was cut off. Export the clip again and send it once more."
        case .noPicture: "The file has no moving picture."
        case .codec:
            "The picture must be coded as H.264, H.265, VP8, VP9, AV1 or ProRes. Export the clip as MP4 with H.264."
        case .dimensions: "The picture must have 64 to 4,096 pixels on each side."
        case .tooLong: "The clip is longer than 8.5 seconds. Cut it and send it again."
        case .tooShort: "The clip is shorter than half a second."
        case .tooManyFrames: "The clip has more than 120 pictures a second. Export it with 30 or 60."
        case .expired: "The upload did not arrive in time. Send it again."
        case .failed: "The clip could not be made ready here. Send it again, or export it anew before."
        }
    }
}
