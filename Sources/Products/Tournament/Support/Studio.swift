import Accounts
import Base
import Blobs
import Logging
import ServiceLifecycle
import Telemetry
import Web

/// Where clips are made ready: uploads, the work on their files, and reviews.
struct Studio: Sendable {
    let house: Playhouse
    let uploads: UploadDesk
    let reviews: ReviewDesk
    let media: MediaService
    let sweep: UploadSweepService
    let archives: ArchiveService
    private let downloads: ArchiveRoutes

    /// - Parameters:
    ///   - house: the product.
    ///   - blobs: where files are kept.
    ///   - fileKey: what signs addresses for uploads.
    ///   - tools: the programs that work on files.
    ///   - tasks: how many uploads this process makes ready at once; 0 for none.
    ///   - metrics: where the work is counted.
    init(
        house: Playhouse, blobs: any BlobStore, fileKey: Secret<[UInt8]>, tools: MediaTools, tasks: Int,
        metrics: MetricRegistry
    ) {
        self.house = house
        let signer = BlobSigner(keys: [fileKey], base: UploadRoutes.base, clock: house.clock)
        uploads = UploadDesk(house: house, blobs: blobs, signer: signer)
        let trail = AuditTrail(storage: house.storage, clock: house.clock, randomness: house.randomness)
        reviews = ReviewDesk(uploads: uploads, trail: trail)
        media = MediaService(
            steps: MediaSteps(reviews: reviews, blobs: blobs, tools: tools), atOnce: tasks,
            randomness: house.randomness, logger: house.logger, metrics: metrics)
        let archives = ArchiveStore(storage: house.storage)
        self.archives = ArchiveService(
            steps: ArchiveSteps(
                store: archives, trail: trail, blobs: blobs, clock: house.clock, randomness: house.randomness,
                events: house.fairness.events))
        downloads = ArchiveRoutes(
            store: archives, blobs: blobs,
            signer: BlobSigner(keys: [fileKey], base: ArchiveRoutes.base, clock: house.clock))
        sweep = UploadSweepService(
            blobs: blobs, clips: house.timetable.clips, clock: house.clock, events: house.fairness.events)
        uploads.hire(UploadDesk.Workshop(ring: { [media] in media.ring() }, giveUp: { [media] in media.giveUp($0) }))
    }

    /// What runs beside requests.
    var services: [any Service] { [media, sweep, archives] }

    /// The API and the pages.
    var routes: [Route] {
        api.map { $0.mounted(under: PathTemplate(Addresses.api)) } + MediaRoutes(blobs: uploads.blobs).routes
            + UploadPageRoutes(uploads: uploads, reviews: reviews).routes + ReviewPageRoutes(reviews: reviews).routes
    }

    private var api: [Route] {
        UploadRoutes(uploads: uploads, reviews: reviews).routes + ReviewRoutes(reviews: reviews).routes
            + downloads.routes
    }
}
