import Base
import Foundation
import Limits
import Storage

/// What a workspace has used: its plan, the month's credits, the vendor's calls.
struct UsageDesk: Sendable {
    enum Bounds {
        /// Days of calls.
        static let days: Int64 = 30
    }

    let credits: CreditDesk
    let vendor: VendorDesk
    let days: VendorDayStore
    let clock: any WallClock

    /// The usage of a month.
    struct Usage: Sendable {
        let workspace: Workspace
        let creators: CreditUsage
        let creatorsLimit: Int
        let enrichments: CreditUsage
        let enrichmentsLimit: Int
        let days: [VendorDayLine]
        let people: [VendorPersonLine]
        let callsToday: Int
        let callsPerDay: Int
        let vendor: Vendor
        let paused: (reason: VendorPause.Reason, since: Timestamp)?

        var creatorsUsed: Int { creators.used }
        var creatorsHeld: Int { creators.held }
        var profilesUsed: Int { enrichments.used }
        var profilesHeld: Int { enrichments.held }
        var renewsAt: Timestamp? { creators.endsAt }

        /// All calls of the time.
        var total: VendorTotal {
            days.reduce(into: VendorTotal()) { sum, line in
                sum.calls += line.total.calls
                sum.errors += line.total.errors
                sum.credits += line.total.credits
                sum.microseconds += line.total.microseconds
            }
        }
    }

    func usage(in tenant: Tenant) async throws -> Usage {
        let (workspace, creators) = try await credits.left(in: tenant)
        let now = clock.now()
        let today = CalendarDay(of: now, in: .gmt)
        let first = CalendarDay(daysSinceEpoch: today.daysSinceEpoch - Bounds.days + 1)
        let lines = try await days.days(since: first, in: tenant)
        return Usage(
            workspace: workspace, creators: creators, creatorsLimit: workspace.creators(at: now),
            enrichments: try await credits.enrichments.usage(
                of: LimitKey(tenant), zone: workspace.timeZone, anchor: workspace.startedAt),
            enrichmentsLimit: workspace.enrichments(at: now), days: lines,
            people: try await days.people(since: first, in: tenant),
            callsToday: lines.first { $0.day == today }?.total.calls ?? 0, callsPerDay: vendor.callsPerDay,
            vendor: vendor.vendor, paused: vendor.paused)
    }

    /// A page of the journal of creators' credits, the newest first.
    func journal(after cursor: Cursor?, in tenant: Tenant) async throws -> Page<CreditEntry> {
        try await credits.creators.entries(of: tenant, after: cursor, limit: 20)
    }
}
