import Accounts
import Base
import Blobs
import Jobs
import Telemetry
import Web

/// Where clips are made ready: uploads, the work on their files, and reviews.
struct Studio: Sendable {
    let house: Playhouse
    let uploads: UploadDesk
    let reviews: ReviewDesk
    let media: MediaJobs
    let sweep: UploadJobs
    let archives: ArchiveJobs
    private let downloads: ArchiveRoutes

    /// - Parameters:
    ///   - house: the product.
    ///   - blobs: where files are kept.
    ///   - fileKey: what signs addresses for uploads.
    ///   - tools: the programs that work on files.
    ///   - tasks: how many uploads this process makes ready at once; 0 for none.
    ///   - metrics: where the work is counted.
    ///   - jobs: ends work that is done in vain.
    init(
        house: Playhouse, blobs: any BlobStore, fileKey: Secret<[UInt8]>, tools: MediaTools, tasks: Int,
        metrics: MetricRegistry, jobs: Jobs
    ) {
        self.house = house
        let signer = BlobSigner(keys: [fileKey], base: UploadRoutes.base, clock: house.clock)
        uploads = UploadDesk(house: house, blobs: blobs, signer: signer) { [jobs] in jobs.interrupt($0, for: $1) }
        let trail = AuditTrail(storage: house.storage, clock: house.clock, randomness: house.randomness)
        reviews = ReviewDesk(uploads: uploads, trail: trail)
        media = MediaJobs(
            steps: MediaSteps(reviews: reviews, blobs: blobs, tools: tools), atOnce: tasks, logger: house.logger,
            metrics: metrics)
        let archives = ArchiveStore(storage: house.storage)
        self.archives = ArchiveJobs(
            steps: ArchiveSteps(
                store: archives, trail: trail, blobs: blobs, clock: house.clock, randomness: house.randomness,
                events: house.fairness.events))
        downloads = ArchiveRoutes(
            store: archives, blobs: blobs,
            signer: BlobSigner(keys: [fileKey], base: ArchiveRoutes.base, clock: house.clock))
        sweep = UploadJobs(
            media: media, blobs: blobs, clips: house.timetable.clips, clock: house.clock, events: house.fairness.events)
    }

    /// What is done by jobs.
    var handlers: [JobHandler] { media.handlers + sweep.handlers + archives.handlers }

    /// What is enqueued by the clock.
    var schedules: [JobSchedule] { UploadJobs.schedules + ArchiveJobs.schedules }

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
