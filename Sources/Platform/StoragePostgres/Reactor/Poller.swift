import CLibPQ

#if canImport(Glibc)
    import Glibc
#endif

/// Waits for many sockets and for a call from other threads.
///
/// SAFETY: the descriptors never change; `wait` and the buffer belong to one thread, `wake` is for all.
final class Poller: @unchecked Sendable {
    private enum Bounds {
        static let events = 128
    }

    private static let wakeToken = UInt64.max

    private let poller: Int32
    private let waker: Int32
    private let events: UnsafeMutablePointer<epoll_event>

    init() {
        poller = capstan_epoll_make()
        waker = capstan_eventfd_make()
        precondition(poller >= 0 && waker >= 0, "no descriptor is left for the database's event loop: raise nofile")
        events = .allocate(capacity: Bounds.events)
        _ = capstan_epoll_set(poller, EPOLL_CTL_ADD, waker, 0, Self.wakeToken)
    }

    deinit {
        close(poller)
        close(waker)
        events.deallocate()
    }

    func wake() { capstan_eventfd_signal(waker) }

    func add(_ descriptor: Int32, token: UInt64) {
        _ = capstan_epoll_set(poller, EPOLL_CTL_ADD, descriptor, 0, token)
    }

    func change(_ descriptor: Int32, token: UInt64, wantsWrite: Bool) {
        _ = capstan_epoll_set(poller, EPOLL_CTL_MOD, descriptor, wantsWrite ? 1 : 0, token)
    }

    func remove(_ descriptor: Int32) { _ = capstan_epoll_set(poller, EPOLL_CTL_DEL, descriptor, 0, 0) }

    /// Waits for at most `milliseconds`, for ever when negative; returns how many sockets are ready.
    func wait(milliseconds: Int32) -> Int {
        max(0, Int(epoll_wait(poller, events, Int32(Bounds.events), milliseconds)))
    }

    /// The token of a ready socket; `nil` where it was only a call from another thread.
    func token(at index: Int) -> UInt64? {
        let token = events[index].data.u64
        guard token == Self.wakeToken else { return token }
        capstan_eventfd_clear(waker)
        return nil
    }
}
