import CLibPQ

#if canImport(Glibc)
    import Glibc
#endif

/// Starts a thread of our own for work that must not take one of the tasks'.
func startThread(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
    final class Work: Sendable {
        let name: StaticString
        let body: @Sendable () -> Void

        init(name: StaticString, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Work(name: name, body: body))
    let status = pthread_create(
        &thread, nil,
        { box in
            guard let box else { return nil }
            let work = Unmanaged<Work>.fromOpaque(box).takeRetainedValue()
            capstan_name_thread(work.name.description)
            work.body()
            return nil
        }, box.toOpaque())
    precondition(status == 0, "the thread \(name) cannot be started (\(status)): raise the limit of threads")
    pthread_detach(thread)
}
