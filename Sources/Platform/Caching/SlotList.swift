/// A doubly linked list of slots, whose links lie in an array beside the slots: moving one allocates nothing.
struct SlotList: Sendable {
    struct Links: Sendable {
        var previous: Int32 = -1
        var next: Int32 = -1
    }

    private(set) var head: Int32 = -1
    private(set) var tail: Int32 = -1
    private(set) var weight = 0

    var isEmpty: Bool { head < 0 }

    mutating func append(_ slot: Int32, weight: Int, in links: inout [Links]) {
        links[Int(slot)] = Links(previous: tail, next: -1)
        if isEmpty { head = slot } else { links[Int(tail)].next = slot }
        tail = slot
        self.weight += weight
    }

    mutating func remove(_ slot: Int32, weight: Int, in links: inout [Links]) {
        let own = links[Int(slot)]
        if own.previous < 0 { head = own.next } else { links[Int(own.previous)].next = own.next }
        if own.next < 0 { tail = own.previous } else { links[Int(own.next)].previous = own.previous }
        self.weight -= weight
    }
}
