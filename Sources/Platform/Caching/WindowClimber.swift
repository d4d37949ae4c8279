/// Searches for the best size of the window by going on as long as the hit ratio rises, and turning when it falls.
struct WindowClimber: Sendable {
    private(set) var window: Int
    private let capacity: Int
    private var hits = 0
    private var misses = 0
    private var lastRatio = 0.0
    private var step: Double

    init(capacity: Int) {
        self.capacity = capacity
        window = max(1, capacity / 100)
        step = -Double(capacity) / 16
    }

    mutating func record(isHit: Bool) {
        if isHit { hits += 1 } else { misses += 1 }
    }

    /// Takes a step when `sample` requests have been seen; returns whether the window has changed.
    mutating func climb(after sample: Int) -> Bool {
        guard hits + misses >= sample else { return false }
        let ratio = Double(hits) / Double(hits + misses)
        let change = ratio - lastRatio
        let stride = change >= 0 ? step : -step
        // A large change means that the load itself has changed: the search starts anew, else it settles.
        step = abs(change) >= 0.05 ? (stride >= 0 ? 1 : -1) * Double(capacity) / 16 : stride * 0.98
        (hits, misses, lastRatio) = (0, 0, ratio)
        let before = window
        window = min(max(window + Int(stride), 1), max(1, capacity * 4 / 5))
        return window != before
    }
}
