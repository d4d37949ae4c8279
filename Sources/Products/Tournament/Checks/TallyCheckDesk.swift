import Base
import Storage
import Telemetry

/// Every hour, and when a slot has closed: recounts a sample of clips and alerts when a tally differs.
///
/// Nothing is repaired here. A difference means that something wrote past the rules, which somebody has to look at;
/// results are counted from the votes and are not touched by it.
struct TallyCheckDesk: Sendable {
    enum Bounds {
        /// Slots of one look.
        static let slots = 500
    }

    let store: TallyCheckStore
    let randomness: any Randomness
    let events: EventLog

    /// Checks all open slots; what cannot be read is tried again by the job.
    func look() async throws {
        do {
            for slot in try await store.slots(limit: Bounds.slots) { await check(slot.slotID, in: slot.tenant) }
        } catch {
            events.record(.fairnessFailed, ["duty": "tallies", "code": .text(error.code.rawValue)])
            throw error
        }
    }

    /// Checks a sample of a slot's clips; returns those whose tally differs.
    @discardableResult
    func check(_ slot: ID<Slot>, in tenant: Tenant) async -> [TallyCheckStore.Numbers] {
        do {
            let clips = try await store.clips(of: slot, in: tenant)
            var generator = AnyRandomness(randomness).generator
            let sample = clips.shuffled(using: &generator).prefix(TallyCheckStore.Bounds.clips).sorted()
            let wrong = try await store.numbers(of: sample, in: tenant).filter { !$0.isRight }
            for numbers in wrong {
                events.record(
                    .tallyDiffered,
                    [
                        "slot": .text(slot.description), "clip": .text(numbers.clipID.description),
                        "tally": .number(numbers.tallyScore), "votes": .number(numbers.score),
                    ])
            }
            events.record(
                .tallyChecked, amount: sample.count,
                ["slot": .text(slot.description), "clips": .number(sample.count)])
            return wrong
        } catch {
            events.record(.fairnessFailed, ["duty": "tallies", "code": .text(error.code.rawValue)])
        }
        return []
    }
}
