import Base

/// Decides which inputs go to the database together.
///
/// Pure: the ``WriteCombiner`` carries out what it says. A key is in at most one place between its submission and its
/// outcome, so inputs of one key keep their order and never meet in a group.
struct CombinerMachine<Input: Sendable>: Sendable {
    /// Why an input was turned away.
    enum Refusal: Hashable {
        case full, tenantFull, closed
    }

    /// What goes to the database together.
    struct Group {
        let id: UInt64
        let tenant: Tenant
        let tickets: [UInt64]
        let inputs: [Input]
    }

    /// What became of an input whose group ended.
    enum Ending {
        /// The whole group failed for a reason of its own; smaller groups are tried.
        case split
        /// Every input has its outcome.
        case done
    }

    /// What has happened since the start.
    struct Counts {
        var groups = 0
        var inputs = 0
        var splits = 0
        var groupSizeMax = 0
    }

    private struct Entry {
        var tenant: Tenant
        var input: Input
        var key: TenantKey?
        var isInFlight = false
    }

    private struct TenantKey: Hashable {
        var tenant: Tenant
        var key: CombinerKey
    }

    private struct Line {
        var tickets: [UInt64] = []
        var head = 0
    }

    private let settings: CombinerSettings
    private var entries: [UInt64: Entry] = [:]
    /// Tickets that are ready, by tenant, in the order of arrival; those of cancelled inputs are skipped.
    private var lines: [Tenant: Line] = [:]
    /// Tenants with something ready, the next one first.
    private var turns: [Tenant] = []
    private var turnsHead = 0
    /// For each key that is ready or in flight: the tickets that wait for it.
    private var behind: [TenantKey: [UInt64]] = [:]
    private var halves: [Group] = []
    private var running: [UInt64: Group] = [:]
    private var lastGroup: UInt64 = 0
    private var waitingCounts: [Tenant: Int] = [:]

    private(set) var waitingCount = 0
    private(set) var isClosed = false
    private(set) var counts = Counts()

    init(settings: CombinerSettings) { self.settings = settings }

    /// Whether nothing waits and nothing is in flight.
    var isIdle: Bool { entries.isEmpty }
    /// Flushes that run now.
    var inFlight: Int { running.count }

    /// Takes an input in, or says why not.
    mutating func submit(_ ticket: UInt64, _ input: Input, key: CombinerKey?, for tenant: Tenant) -> Refusal? {
        if isClosed { return .closed }
        if waitingCount >= settings.waitingMax { return .full }
        if waitingCounts[tenant, default: 0] >= settings.tenantWaitingMax { return .tenantFull }
        let tenantKey = key.map { TenantKey(tenant: tenant, key: $0) }
        entries[ticket] = Entry(tenant: tenant, input: input, key: tenantKey)
        waitingCount += 1
        waitingCounts[tenant, default: 0] += 1
        if let tenantKey {
            if behind[tenantKey] != nil {
                behind[tenantKey]?.append(ticket)
                return nil
            }
            behind[tenantKey] = []
        }
        makeReady(ticket, tenant)
        return nil
    }

    /// The next group to flush, as long as fewer than the settings' number are in flight.
    ///
    /// Halves of failed groups come first; then tenants take turns.
    mutating func next() -> Group? {
        guard running.count < settings.inFlightMax else { return nil }
        if let half = halves.popLast() {
            running[half.id] = half
            counts.groups += 1
            return half
        }
        while turnsHead < turns.count {
            let tenant = turns[turnsHead]
            turnsHead += 1
            if turnsHead > 64, turnsHead * 2 > turns.count {
                turns.removeFirst(turnsHead)
                turnsHead = 0
            }
            if let group = take(from: tenant) { return group }
        }
        return nil
    }

    private mutating func take(from tenant: Tenant) -> Group? {
        guard var line = lines.removeValue(forKey: tenant) else { return nil }
        var tickets: [UInt64] = []
        var inputs: [Input] = []
        while tickets.count < settings.groupMax, line.head < line.tickets.count {
            let ticket = line.tickets[line.head]
            line.head += 1
            guard let input = entries[ticket]?.input else { continue }
            entries[ticket]?.isInFlight = true
            tickets.append(ticket)
            inputs.append(input)
        }
        if line.head < line.tickets.count {
            if line.head * 2 > line.tickets.count {
                line.tickets.removeFirst(line.head)
                line.head = 0
            }
            lines[tenant] = line
            turns.append(tenant)
        }
        guard !tickets.isEmpty else { return nil }
        leaveQueue(tickets.count, tenant)
        counts.inputs += tickets.count
        counts.groups += 1
        counts.groupSizeMax = max(counts.groupSizeMax, tickets.count)
        let group = makeGroup(tenant, tickets, inputs)
        running[group.id] = group
        return group
    }

    /// Ends a group: either every input of it has its outcome, or it is to be tried in two halves.
    mutating func finish(_ id: UInt64, _ ending: Ending) {
        guard let group = running.removeValue(forKey: id) else {
            preconditionFailure("group \(id) is not in flight: it ended twice")
        }
        if ending == .split {
            precondition(group.tickets.count > 1, "group \(id) of one input cannot be split")
            counts.splits += 1
            let middle = group.tickets.count / 2
            let first = makeGroup(group.tenant, Array(group.tickets[..<middle]), Array(group.inputs[..<middle]))
            let second = makeGroup(group.tenant, Array(group.tickets[middle...]), Array(group.inputs[middle...]))
            halves.append(second)
            halves.append(first)
            return
        }
        for ticket in group.tickets {
            if let entry = entries.removeValue(forKey: ticket) { releaseKey(of: entry) }
        }
    }

    /// Takes back an input that waits still; `false` when it is in flight or over.
    mutating func cancel(_ ticket: UInt64) -> Bool {
        guard let entry = entries[ticket], !entry.isInFlight else { return false }
        entries[ticket] = nil
        leaveQueue(1, entry.tenant)
        if let key = entry.key, let place = behind[key]?.firstIndex(of: ticket) {
            behind[key]?.remove(at: place)
        } else {
            releaseKey(of: entry)
        }
        return true
    }

    /// Refuses what comes later; what waits is still flushed.
    mutating func close() { isClosed = true }

    private mutating func makeReady(_ ticket: UInt64, _ tenant: Tenant) {
        if lines[tenant] == nil { turns.append(tenant) }
        lines[tenant, default: Line()].tickets.append(ticket)
    }

    /// Lets the next input of the key become ready.
    private mutating func releaseKey(of entry: Entry) {
        guard let key = entry.key else { return }
        if behind[key]?.isEmpty ?? true {
            behind[key] = nil
        } else if let next = behind[key]?.removeFirst() {
            makeReady(next, key.tenant)
        }
    }

    private mutating func leaveQueue(_ count: Int, _ tenant: Tenant) {
        waitingCount -= count
        let left = waitingCounts[tenant, default: 0] - count
        waitingCounts[tenant] = left > 0 ? left : nil
    }

    private mutating func makeGroup(_ tenant: Tenant, _ tickets: [UInt64], _ inputs: [Input]) -> Group {
        lastGroup += 1
        return Group(id: lastGroup, tenant: tenant, tickets: tickets, inputs: inputs)
    }
}

/// A key of any type, as one type.
struct CombinerKey: Hashable, Sendable {
    private let value: any Hashable & Sendable

    init(_ value: some Hashable & Sendable) { self.value = value }

    static func == (left: Self, right: Self) -> Bool { AnyHashable(left.value) == AnyHashable(right.value) }

    func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }
}
