public import Base

/// What a cache itself can refuse; errors of a load are thrown as the load threw them.
public struct CachingError: CodedError {
    /// The closed set of reasons.
    public enum Code: String, CaseIterable, Sendable {
        /// The load took longer than ``CacheOptions/loadTimeout``.
        case loadTimedOut = "caching.loadTimedOut"
        /// As many loads run as ``CacheOptions/loadsMax`` allows.
        case tooManyLoads = "caching.tooManyLoads"
        /// As many callers wait for the key as ``CacheOptions/waitersMax`` allows.
        case tooManyWaiters = "caching.tooManyWaiters"
        /// A load asked for the very value that it was loading.
        case loadNeedsItself = "caching.loadNeedsItself"
        /// The registry has been shut down.
        case shutDown = "caching.shutDown"
    }

    /// What went wrong.
    public let code: Code
    /// What was attempted, what was found, what to do.
    public let message: String
    /// Names and values for the developer.
    public let context: [String: String]
    /// The error that caused this one.
    public var underlying: (any Error)? { nil }

    init(_ code: Code, _ message: String, cache: String) {
        self.code = code
        self.message = message
        self.context = ["cache": cache]
    }
}
