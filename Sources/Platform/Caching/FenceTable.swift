import Base
import Synchronization

/// When each tag was last invalidated, on a counter instead of a clock.
///
/// One counter numbers the invalidations of this process. A load notes the number before it begins; what it brings is
/// valid as long as none of its tags was invalidated with a higher number. Tags share a fixed table of slots by hash,
/// so that memory does not grow with tags; a shared slot costs a needless reload now and then, never an old value.
///
/// Why this fences: an invalidation takes its number after the commit. A load that noted a lower number may have read
/// before the commit, and loses; one that noted the same or a higher number began after the commit, and has read it.
final class FenceTable: Sendable {
    private let slots: Slots
    private let last = Atomic<UInt64>(0)
    private let floor = Atomic<UInt64>(0)

    /// Makes a table of 2^`bits` slots of eight bytes.
    init(bits: Int = 14) { slots = Slots(count: 1 << bits) }

    /// The number that a load notes before it begins.
    var now: UInt64 { last.load(ordering: .sequentiallyConsistent) }

    /// The slots of some tags of a tenant.
    ///
    /// Each tag has two: the tenant's own, and that of all tenants.
    func slots(of tags: [String], for tenant: Tenant?) -> [UInt32] {
        var found: [UInt32] = []
        for tag in tags {
            found.append(slot(of: tag, for: nil))
            if let tenant { found.append(slot(of: tag, for: tenant)) }
        }
        return found
    }

    /// Whether what was loaded at number `began` is still valid.
    func isCurrent(_ slots: [UInt32], since began: UInt64) -> Bool {
        guard floor.load(ordering: .sequentiallyConsistent) <= began else { return false }
        for slot in slots where self.slots.load(slot) > began { return false }
        return true
    }

    /// Whether an entry is still valid.
    func isCurrent(_ validity: Validity) -> Bool { isCurrent(validity.slots, since: validity.began) }

    /// Invalidates tags of one tenant, or with `nil` of all.
    ///
    /// Effective everywhere in the process when it returns.
    func invalidate(_ tags: some Sequence<String>, for tenant: Tenant?) {
        let number = last.add(1, ordering: .sequentiallyConsistent).newValue
        for tag in tags {
            slots.raise(slot(of: tag, for: tenant), to: number)
        }
    }

    /// Invalidates everything: what follows after messages may have been missed.
    func invalidateAll() {
        let number = last.add(1, ordering: .sequentiallyConsistent).newValue
        _ = floor.max(number, ordering: .sequentiallyConsistent)
    }

    private func slot(of tag: String, for tenant: Tenant?) -> UInt32 {
        var hasher = Hasher()
        hasher.combine(tenant)
        hasher.combine(tag)
        return UInt32(UInt(bitPattern: hasher.finalize()) % UInt(slots.count))
    }
}

/// A fixed array of atomic counters.
private final class Slots: Sendable {
    let count: Int
    // SAFETY: the memory is allocated and initialised once, lives as long as `self`, and only atomics live in it.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<Atomic<UInt64>>

    init(count: Int) {
        self.count = count
        memory = .allocate(capacity: count)
        for position in 0..<count { (memory + position).initialize(to: Atomic(0)) }
    }

    deinit {
        memory.deinitialize(count: count)
        memory.deallocate()
    }

    func load(_ slot: UInt32) -> UInt64 { memory[Int(slot)].load(ordering: .sequentiallyConsistent) }

    func raise(_ slot: UInt32, to number: UInt64) {
        _ = memory[Int(slot)].max(number, ordering: .sequentiallyConsistent)
    }
}
