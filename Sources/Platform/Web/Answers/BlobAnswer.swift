public import Base
public import Blobs
import NIOCore

/// An object of the blob store, whole or in the part that was asked for, never in memory as a whole.
public struct BlobAnswer: Answerable {
    /// Whatever the object is.
    public static let content = Content.bytes

    private let store: any BlobStore
    private let key: BlobKey
    private let tenant: Tenant

    /// Names an object of a tenant.
    public init(_ key: BlobKey, of tenant: Tenant, in store: any BlobStore) {
        self.key = key
        self.tenant = tenant
        self.store = store
    }

    /// The object with status 200, a part with 206, or a refusal with 416.
    public func answer(in context: RequestContext) async throws -> Answer {
        guard let info = try await store.head(key, for: tenant) else {
            throw Problem(.notFound, "There is no such object.")
        }
        let size = info.size.bytes
        let range = ByteRange(
            header: context.head.range, ifRange: context.head.ifRange, validators: [info.entityTag], size: size)
        let part: Range<Int>
        switch range {
        case .whole: part = 0..<size
        case .part(let bytes): part = bytes
        case .unsatisfiable:
            var problem = Problem(.rangeNotSatisfiable, "The object has \(size) bytes; the range lies outside of it.")
            problem.headers = [("content-range", range.contentRange(size: size) ?? ""), ("accept-ranges", "bytes")]
            throw problem
        }
        var answer = Answer(body: .none)
        if context.isHead {
            answer.body = .stream(length: part.count) { _ in }
        } else {
            guard let download = try await store.get(key, for: tenant, bytes: part) else {
                throw Problem(.notFound, "There is no such object.")
            }
            answer.body = .stream(length: part.count) { writer in
                for try await chunk in download.chunks { try await writer.write(chunk) }
            }
        }
        answer.status = range.status
        answer.mediaType = info.contentType
        answer.validator = info.entityTag
        answer.isCompressible = false
        answer.headers = [("accept-ranges", "bytes")]
        if let contentRange = range.contentRange(size: size) { answer.headers.append(("content-range", contentRange)) }
        return answer
    }
}
