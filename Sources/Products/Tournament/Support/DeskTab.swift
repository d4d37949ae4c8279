/// The parts of the desk, which lead to each other.
struct DeskTab: Sendable {
    enum Part: String, Sendable, CaseIterable {
        case clips, reports, votes, slots, flags

        var href: String {
            switch self {
            case .clips: Addresses.queue
            case .reports: Addresses.reportsDesk
            case .votes: Addresses.desk
            case .slots: Addresses.timetable
            case .flags: Addresses.flagsDesk
            }
        }
    }

    let label: String
    let href: String
    let isCurrent: Bool

    static func all(current: Part) -> [DeskTab] {
        Part.allCases.map { DeskTab(label: Wording.title($0.rawValue), href: $0.href, isCurrent: $0 == current) }
    }
}
