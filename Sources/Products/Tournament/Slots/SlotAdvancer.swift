import Base
import Logging
import ServiceLifecycle

/// Moves slots of all tenants when their time has come: wakes exactly at the next one and sweeps every ten seconds.
///
/// Several nodes may run it: every step is decided under the slot's lock.
struct SlotAdvancer: Service {
    enum Bounds {
        /// Slots that one look handles.
        static let slotsPerLook = 200
        /// Time between two looks when nothing is due before.
        static let sweepEvery: Duration = .seconds(10)
        /// Shortest time between two looks, so that a slot that cannot be moved costs little.
        static let pause: Duration = .milliseconds(200)
    }

    let steps: SlotSteps
    let slots: SlotStore
    let clock: any WallClock
    let logger: Logger
    /// Is told of a slot that was decided, once it is.
    var onDecided: @Sendable (ID<Slot>, Tenant) async -> Void = { _, _ in }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let rest = await look()
                // Cancellation ends the loop, which is what it asks for.
                try? await clock.sleep(for: max(rest, Bounds.pause))
            }
        }
    }

    /// Takes all steps that are due and returns how long nothing more is.
    func look() async -> Duration {
        do {
            let coming = try await slots.next(limit: Bounds.slotsPerLook)
            var hasMoved = false
            for due in coming where due.dueAt <= clock.now() {
                if await advance(due.slotID, in: due.tenant) { hasMoved = true }
            }
            guard let next = try await slots.next(limit: 1).first else { return Bounds.sweepEvery }
            // A slot that is due and cannot be moved is looked at again with the next sweep, not at once.
            if next.dueAt <= clock.now(), !hasMoved { return Bounds.sweepEvery }
            return min(Bounds.sweepEvery, max(.zero, next.dueAt - clock.now()))
        } catch {
            logger.warning("slots that are due could not be read", metadata: ["error": "\(error)"])
            return Bounds.sweepEvery
        }
    }

    /// Takes a slot through all steps that are due; says whether there was one.
    @discardableResult
    func advance(_ slot: ID<Slot>, in tenant: Tenant) async -> Bool {
        var hasMoved = false
        do {
            var outcome = try await steps.advance(slot, in: tenant)
            while outcome != .nothing {
                hasMoved = true
                if case .decided = outcome { await onDecided(slot, tenant) }
                outcome = try await steps.advance(slot, in: tenant)
            }
        } catch {
            logger.warning(
                "a slot could not be moved on", metadata: ["slot": "\(slot)", "error": "\(error)"])
        }
        return hasMoved
    }
}
