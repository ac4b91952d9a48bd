import Model
import SystemPackage
import Testing

@testable import Building
@testable import Proving

@Suite("What the doctor misses")
struct DoctorTests {
    @Test("crun is missed only in a sandbox with cgroup v2; elsewhere it is a note, and where it is, its path is told")
    func crun() throws {
        #expect(throws: Doctor.Absent.self) { try Doctor.crun(at: nil, in: .v2) }
        for cgroup in [CgroupVersion.v1, nil] { #expect(try Doctor.crun(at: nil, in: cgroup).contains("needed only for this")) }
        #expect(try Doctor.crun(at: "/usr/bin/crun", in: .v2) == "/usr/bin/crun")
    }
}
