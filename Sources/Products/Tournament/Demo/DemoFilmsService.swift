import Base
import Blobs
import Foundation
import NIOCore
import Programs
import ServiceLifecycle

/// Draws the films of the demo season with ffmpeg: what somebody waits for first, then all others, one at a time.
///
/// A film is drawn once and kept among the tenant's objects. About 0.4 s of one core goes into 8 seconds of film, at
/// low priority, so that the server answers from its first moment on; posters are there at once.
actor DemoFilmsService: Service {
    /// What nobody may exceed.
    private enum Bounds {
        /// Requests that wait for films at one time; further ones are told to come back.
        static let waitingMax = 64
        /// The largest film that is kept.
        static let filmMax = ByteCount.mebibytes(4)
    }

    /// A film of a tenant.
    private struct Order: Hashable {
        let tenant: Tenant
        let number: Int
    }

    /// Where a film stands.
    enum Answer: Sendable {
        case ready(BlobKey)
        /// Many others wait already.
        case busy
        /// It cannot be drawn here: ffmpeg is missing or failed.
        case unavailable
    }

    private let blobs: any BlobStore
    private let program: BoundedProgram
    private let folder: URL
    private var rest: [Order]
    private var wanted: [Order] = []
    private var failed: Set<Order> = []
    private var waiting: [(order: Order, answer: AsyncStream<Answer>.Continuation)] = []
    private let bell = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - films: which films there are, in the order in which they are drawn when nobody waits.
    ///   - blobs: where they are kept.
    ///   - folder: where ffmpeg works; created when needed.
    ///   - program: ffmpeg.
    init(films: [(tenant: Tenant, number: Int)], blobs: any BlobStore, folder: URL, program: BoundedProgram) {
        rest = films.reversed().map { Order(tenant: $0.tenant, number: $0.number) }
        self.blobs = blobs
        self.folder = folder
        self.program = program
    }

    /// Where a film is kept.
    static func key(_ number: Int) -> BlobKey? { BlobKey("demo/films/v1/\(number).mp4") }

    // MARK: For requests

    /// The film, drawn now if it is not there yet.
    func film(_ number: Int, for tenant: Tenant) async throws(BlobsError) -> Answer {
        guard let key = Self.key(number) else { return .unavailable }
        if try await blobs.head(key, for: tenant) != nil { return .ready(key) }
        let order = Order(tenant: tenant, number: number)
        if failed.contains(order) { return .unavailable }
        guard waiting.count < Bounds.waitingMax else { return .busy }
        // The stream ends when whoever waits is cancelled; the entry goes when its film is done.
        let (answers, answer) = AsyncStream.makeStream(of: Answer.self, bufferingPolicy: .bufferingNewest(1))
        waiting.append((order, answer))
        if !wanted.contains(order) { wanted.append(order) }
        bell.continuation.yield()
        for await found in answers { return found }
        return .busy
    }

    private func settle(_ order: Order, _ found: Answer) {
        for entry in waiting where entry.order == order {
            entry.answer.yield(found)
            entry.answer.finish()
        }
        waiting.removeAll { $0.order == order }
    }

    // MARK: The work

    /// Adds films that are drawn when nobody waits, in this order.
    func plan(_ films: [(tenant: Tenant, number: Int)]) {
        rest = films.reversed().map { Order(tenant: $0.tenant, number: $0.number) } + rest
        bell.continuation.yield()
    }

    /// Draws until the server stops.
    func run() async throws {
        await cancelWhenGracefulShutdown { await self.work() }
        for entry in waiting { entry.answer.finish() }
        waiting = []
    }

    private func work() async {
        var rings = bell.stream.makeAsyncIterator()
        while !Task.isCancelled {
            guard let order = next() else {
                guard await rings.next(isolation: self) != nil else { return }
                continue
            }
            await make(order)
        }
    }

    private func next() -> Order? {
        if !wanted.isEmpty { return wanted.removeFirst() }
        return rest.popLast()
    }

    private func make(_ order: Order) async {
        guard let key = Self.key(order.number), !failed.contains(order) else { return settle(order, .unavailable) }
        do {
            if try await blobs.head(key, for: order.tenant) == nil {
                let film = try await draw(order.number)
                let upload = BlobUpload(contentType: "video/mp4", sizeMax: Bounds.filmMax, conflict: .keep)
                _ = try await blobs.put(.key(key), for: order.tenant, upload, content: film)
            }
            settle(order, .ready(key))
        } catch {
            // Without ffmpeg, or with a full disk, the demo shows posters; the next start tries again.
            if !Task.isCancelled { failed.insert(order) }
            settle(order, .unavailable)
        }
    }

    private func draw(_ number: Int) async throws -> ByteBuffer {
        let place = folder.appending(path: "film-\(number)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer {
            // What is left behind is overwritten by the next attempt.
            try? FileManager.default.removeItem(at: place)
        }
        let recipe = FilmRecipe(ClipScene(number: number))
        for (name, text) in recipe.pictures {
            try Data(text.utf8).write(to: place.appending(path: name))
        }
        let bounds = BoundedProgram.Bounds(
            deadline: .seconds(60), processorSeconds: 30, outputBytes: Bounds.filmMax.bytes)
        try await program.run(recipe.arguments, in: place, within: bounds)
        return ByteBuffer(bytes: try Data(contentsOf: place.appending(path: FilmRecipe.result)))
    }
}
