import Base

import typealias Storage.SQLConvertible

/// A network on which creators publish.
enum Platform: String, Sendable, Hashable, CaseIterable, Codable, Comparable, SQLConvertible {
    case tiktok, instagram, youtube

    /// The name for people.
    var title: String {
        switch self {
        case .tiktok: "TikTok"
        case .instagram: "Instagram"
        case .youtube: "YouTube"
        }
    }

    /// How long one call to a vendor may take.
    var callTime: Duration { self == .instagram ? .seconds(300) : .seconds(120) }

    /// Where a profile is seen by everybody.
    func address(of handle: String) -> String {
        switch self {
        case .tiktok: "https://www.tiktok.com/@\(handle)"
        case .instagram: "https://www.instagram.com/\(handle)"
        case .youtube: "https://www.youtube.com/@\(handle)"
        }
    }

    static func < (left: Platform, right: Platform) -> Bool { left.rawValue < right.rawValue }
}
