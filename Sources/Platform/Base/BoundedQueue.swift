/// A first-in, first-out queue that holds at most `capacity` elements and says so when it is full.
public struct BoundedQueue<Element> {
    private var slots: [Element?]
    private var head = 0

    /// How many elements wait.
    public private(set) var count = 0
    /// How many elements may wait.
    public var capacity: Int { slots.count }

    /// Makes an empty queue for `capacity` elements, at least one.
    public init(capacity: Int) {
        precondition(capacity > 0, "a queue of capacity \(capacity) can hold nothing")
        slots = Array(repeating: nil, count: capacity)
    }

    /// Whether nothing waits.
    public var isEmpty: Bool { count == 0 }

    /// Appends, or returns `false` and changes nothing when the queue is full.
    public mutating func append(_ element: Element) -> Bool {
        guard count < slots.count else { return false }
        slots[(head + count) % slots.count] = element
        count += 1
        return true
    }

    /// Removes and returns the oldest element; `nil` when empty.
    public mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            slots[head] = nil
            head = (head + 1) % slots.count
            count -= 1
        }
        return slots[head]
    }
}

extension BoundedQueue: Sendable where Element: Sendable {}
