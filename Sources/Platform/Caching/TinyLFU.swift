/// A store of bounded weight whose ``AdmissionPolicy`` decides what stays.
///
/// The split keeps what depends on the types of a cache thin: a hit goes through generic code for the look-up in the
/// index and the copy of the value, and through plain code for everything else.
struct TinyLFU<Key: Hashable & Sendable, Payload: Sendable>: Sendable {
    private var index: [Key: Int32] = [:]
    private var keys: [Key?] = []
    private var payloads: [Payload?] = []
    private var policy: AdmissionPolicy

    init(capacity: Int, groupCapacity: Int) {
        policy = AdmissionPolicy(capacity: capacity, groupCapacity: groupCapacity)
    }

    var count: Int { index.count }
    var weight: Int { policy.weight }
    /// How many entries were pushed out.
    var evictions: Int { policy.evictions }

    func weight(of group: CacheGroup) -> Int { policy.weight(of: group) }

    /// Finds an entry and counts the access.
    ///
    /// Use the slot at once: any other change may reuse it.
    mutating func hit(_ key: Key) -> Int? {
        guard let slot = index[key] else {
            policy.miss()
            return nil
        }
        policy.hit(slot)
        return Int(slot)
    }

    /// Finds an entry without counting the access.
    func peek(_ key: Key) -> Int? { index[key].map(Int.init) }

    /// What is kept in a slot.
    subscript(slot: Int) -> Payload {
        guard let payload = payloads[slot] else { preconditionFailure("slot \(slot) is free") }
        return payload
    }

    /// Until when what is kept in a slot is true.
    func validity(_ slot: Int) -> Validity { policy.validity(slot) }

    mutating func postpone(_ slot: Int, until retryAfter: Int64) { policy.postpone(slot, until: retryAfter) }

    /// Stores or replaces; returns `false`, keeping nothing under the key, when the weight exceeds a whole share.
    @discardableResult
    mutating func insert(
        _ key: Key, group: CacheGroup, weight: Int, validity: Validity = Validity(), _ payload: Payload
    ) -> Bool {
        let weight = max(1, weight)
        if let slot = index[key] {
            if policy.replace(slot, weight: weight, validity) {
                payloads[Int(slot)] = payload
                return true
            }
            clear(slot)
        }
        guard weight <= policy.groupCapacity else { return false }
        let (slot, evicted) = policy.insert(hash: key.hashValue, group: group, weight: weight, validity)
        for slot in evicted { clear(slot) }
        if Int(slot) == keys.count {
            keys.append(key)
            payloads.append(payload)
        } else {
            keys[Int(slot)] = key
            payloads[Int(slot)] = payload
        }
        index[key] = slot
        return true
    }

    /// Removes an entry, if it is there.
    mutating func remove(_ key: Key) {
        guard let slot = index[key] else { return }
        policy.remove(slot)
        clear(slot)
    }

    mutating func removeAll() {
        policy.removeAll()
        index.removeAll()
        keys.removeAll()
        payloads.removeAll()
    }

    private mutating func clear(_ slot: Int32) {
        if let key = keys[Int(slot)] { index[key] = nil }
        keys[Int(slot)] = nil
        payloads[Int(slot)] = nil
    }
}
