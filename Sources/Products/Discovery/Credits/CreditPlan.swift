import Base
import Foundation

import typealias Storage.SQLConvertible

/// What a workspace has paid for: creators and profiles a month.
enum CreditPlan: String, Sendable, Hashable, CaseIterable, Codable, SQLConvertible {
    case trial, small, medium, large

    /// Creators that may be delivered in a month.
    var creators: Int {
        switch self {
        case .trial: 300
        case .small: 5_000
        case .medium: 25_000
        case .large: 100_000
        }
    }

    /// Profiles that may be read in a month.
    var enrichments: Int {
        switch self {
        case .trial: 30
        case .small: 500
        case .medium: 2_500
        case .large: 10_000
        }
    }

    /// How many searches may be started in a month; `nil` for any number.
    var searches: Int? { self == .trial ? 3 : nil }

    /// How long it lasts; `nil` for as long as it is paid.
    var lifetime: Duration? { self == .trial ? .seconds(7 * 86_400) : nil }

    /// The name for people.
    var title: String { Wording.title(rawValue) }
}

/// Which plan a workspace has, and since when.
struct Workspace: Sendable, Hashable, Codable {
    let plan: CreditPlan
    /// When it began: its day of the month is when credits come back.
    let startedAt: Timestamp
    /// The name of the time zone whose midnight counts.
    let zone: String
    /// The subscription that pays for it, as the payment service calls it.
    var subscription: String?
    /// Whether it is paid; one that is not may look and not search.
    var isActive: Bool

    /// The time zone.
    var timeZone: TimeZone { TimeZone(identifier: zone) ?? .gmt }

    /// Whether searches may be started at a time.
    func isOpen(at time: Timestamp) -> Bool {
        isActive && (plan.lifetime.map { time < startedAt + $0 } ?? true)
    }

    /// Creators of a month, none when nothing may be started.
    func creators(at time: Timestamp) -> Int { isOpen(at: time) ? plan.creators : 0 }

    /// Profiles of a month, none when nothing may be started.
    func enrichments(at time: Timestamp) -> Int { isOpen(at: time) ? plan.enrichments : 0 }
}
