import Base
import Foundation
import Inbox
import Logging
import Storage
import StoragePostgres

/// A million random events against the real steps and the real database, then unread of every agent and conversation counted
/// anew.
///
/// `--events N` takes another number.
enum InboxUnread {
    static func run() async throws -> [(String, String)] {
        let events = try CommandLine.number("--events", or: 1_000_000)
        let plan = UnreadDrill.Plan(events: events, customers: max(20, min(20_000, events / 50)))
        let database = try BenchDatabase("bench_inbox_unread")
        let clock = SystemClock()
        let driver = try PostgresStorage(
            url: Secret(database.url), clock: clock, randomness: SystemRandomness(), logger: Logger(label: "bench"))
        try await Migrator(driver: driver, modules: UnreadDrill.modules, clock: clock).run()
        let storage = Storage(
            driver: driver, modules: UnreadDrill.modules, cursorKey: Secret(Array(repeating: 7, count: 32)),
            clock: clock, randomness: SystemRandomness())
        let drill = try await UnreadDrill(
            storage: storage, folder: try Command.temporaryFolder().path, clock: clock, randomness: SystemRandomness())
        let tenant = Tenant(ID(high: 0xBE, low: 1))
        let outcome = try await drill.run(plan, in: tenant)
        try database.sql("VACUUM ANALYZE inbox_messages, inbox_conversations, inbox_cursors")
        let start = ContinuousClock.now
        let recount = try await drill.recount(plan, in: tenant)
        let counted = (ContinuousClock.now - start) / .seconds(1)
        await driver.shutdown()

        let seconds = outcome.took / .seconds(1)
        let lost = outcome.said - recount.messages
        var table = Table("\(outcome.events) random events in \(seconds.shown(0)) s", "events")
        table.row("messages delivered, by \(plan.players) at once", "\(outcome.delivered)")
        table.row("of these once more", "\(outcome.repeated)")
        table.row("of these up to an hour late", "\(outcome.late)")
        table.row("cursors forward", "\(outcome.forward)")
        table.row("cursors back", "\(outcome.back)")
        table.row("answers and notes", "\(outcome.written)")
        table.row("closings", "\(outcome.closed)")
        table.row("contacts merged or given back", "\(outcome.merged)")
        table.row("refused, as it must be", "\(outcome.refused)")
        table.show()
        print(
            """
            Recounted in \(counted.shown(0)) s: \(recount.differences) of \(recount.pairs) agents' conversations differ, \
            \(recount.faults) threads have a gap or a wrong total, \(lost) messages are lost or doubled (bars: 0).

            """)
        return [
            ("unread_differences", "\(recount.differences)"), ("unread_pairs", "\(recount.pairs)"),
            ("thread_faults", "\(recount.faults)"), ("lost", "\(lost)"),
            ("events_per_second", (Double(outcome.events) / seconds).shown(0)),
        ]
    }
}
