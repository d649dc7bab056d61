//! GPUs through NVML, whose library is loaded when the first figure is asked for.

use super::gpu::{GpuError, GpuInfo, GpuProcess, GpuSample, Gpus};
use super::{Reading, Unavailable};
use nvml_wrapper::enum_wrappers::device::Clock;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One NVML for the whole process: starting it can take seconds.
static NVML: OnceLock<Nvml> = OnceLock::new();

/// The NVIDIA GPUs of this machine.
#[derive(Debug, Clone, Copy)]
pub struct NvmlGpus(&'static Nvml);

impl NvmlGpus {
    /// Loads the library and talks to the driver; not asked again once it has worked.
    ///
    /// # Errors
    /// No library, no driver, no permission.
    pub fn open() -> Result<Self, GpuError> {
        if let Some(nvml) = NVML.get() {
            return Ok(Self(nvml));
        }
        let nvml = Nvml::init().map_err(start_error)?;
        // Where two threads start at once, the second's is shut down again: NVML counts.
        Ok(Self(NVML.get_or_init(|| nvml)))
    }

    fn device(self, uuid: &str) -> Result<Device<'static>, GpuError> {
        self.0.device_by_uuid(uuid).map_err(|error| match error {
            NvmlError::NotFound | NvmlError::InvalidArg => GpuError::UnknownDevice(uuid.into()),
            error => start_error(error),
        })
    }
}

impl Gpus for NvmlGpus {
    fn list(&self) -> Result<Vec<GpuInfo>, GpuError> {
        let count = self.0.device_count().map_err(start_error)?;
        if count == 0 {
            return Err(GpuError::NoDevice);
        }
        (0..count)
            .map(|index| {
                let device = self.0.device_by_index(index).map_err(start_error)?;
                let uuid = device.uuid().map_err(start_error)?;
                describe(&device, uuid)
            })
            .collect()
    }

    fn pids_are_ours(&self) -> bool {
        in_first_namespace("/proc/self/ns/pid".as_ref())
    }

    fn info(&self, uuid: &str) -> Result<GpuInfo, GpuError> {
        describe(&self.device(uuid)?, uuid.into())
    }

    fn sample(&self, uuid: &str) -> Result<GpuSample, GpuError> {
        let device = self.device(uuid)?;
        let memory = (device.memory_info()).map_err(|error| failed("memory", uuid, &error))?;
        let read = |what, value: Result<f64, NvmlError>| {
            value.map_err(|error| Unavailable::new(failed(what, uuid, &error).to_string()))
        };
        Ok(GpuSample {
            used: memory.used,
            reserved: memory.reserved,
            processes: processes(&device, uuid),
            utilisation: read(
                "utilisation",
                (device.utilization_rates()).map(|rates| f64::from(rates.gpu) / 100.0),
            ),
            power: read("power", device.power_usage().map(|mw| f64::from(mw) / 1e3)),
            sm_clock: read(
                "clock",
                device.clock_info(Clock::SM).map(|mhz| f64::from(mhz) * 1e6),
            ),
        })
    }
}

/// Whether a link like `/proc/self/ns/pid` names the kernel's first pid namespace, in which the
/// driver counts; its number is the same on every Linux (`PROC_PID_INIT_INO`).
fn in_first_namespace(link: &std::path::Path) -> bool {
    std::fs::read_link(link).is_ok_and(|target| target.as_os_str() == "pid:[4026531836]")
}

fn describe(device: &Device<'_>, uuid: String) -> Result<GpuInfo, GpuError> {
    // MIG instances have no index of their own, and most GPUs no MIG.
    let part = device.mig_is_mig_device_handle().unwrap_or(false);
    Ok(GpuInfo {
        index: (!part).then(|| device.index().ok()).flatten(),
        split: !part && device.mig_mode().is_ok_and(|mode| mode.current != 0),
        name: (device.name()).map_err(|error| failed("name", &uuid, &error))?,
        total: (device.memory_info())
            .map_err(|error| failed("memory", &uuid, &error))?
            .total,
        uuid,
    })
}

/// Compute and graphics contexts; a process with both is listed once, as NVML counts its memory
/// in either list as the same figure.
fn processes(device: &Device<'_>, uuid: &str) -> Reading<Vec<GpuProcess>> {
    let mut found: BTreeMap<u32, Option<u64>> = BTreeMap::new();
    let compute = device.running_compute_processes();
    // A device without graphics says "not supported": that is no reason to doubt the first list.
    let graphics = device.running_graphics_processes().unwrap_or_default();
    let compute =
        compute.map_err(|error| Unavailable::new(failed("processes", uuid, &error).to_string()))?;
    for process in compute.into_iter().chain(graphics) {
        let used = match process.used_gpu_memory {
            UsedGpuMemory::Used(bytes) => Some(bytes),
            UsedGpuMemory::Unavailable => None,
        };
        let known = found.entry(process.pid).or_insert(used);
        *known = (*known).max(used);
    }
    Ok(found
        .into_iter()
        .map(|(pid, used)| GpuProcess { pid, used })
        .collect())
}

fn failed(what: &'static str, uuid: &str, error: &NvmlError) -> GpuError {
    GpuError::Failed {
        what,
        uuid: uuid.into(),
        why: error.to_string(),
    }
}

/// Tells apart the ways in which a machine has no usable NVML.
fn start_error(error: NvmlError) -> GpuError {
    match error {
        NvmlError::LibloadingError(error) => {
            let text = error.to_string();
            if text.contains("No such file") {
                GpuError::NoLibrary
            } else {
                GpuError::BadLibrary(text)
            }
        }
        NvmlError::LibraryNotFound => GpuError::NoLibrary,
        NvmlError::FailedToLoadSymbol(text) => GpuError::BadLibrary(text),
        NvmlError::DriverNotLoaded => GpuError::NoDriver,
        NvmlError::LibRmVersionMismatch => GpuError::VersionMismatch,
        NvmlError::NoPermission | NvmlError::OperatingSystem => GpuError::NoPermission,
        NvmlError::NotFound => GpuError::NoDevice,
        error => GpuError::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_the_library_says_so() {
        let error = Nvml::builder()
            .lib_path("libnvidia-ml-that-is-nowhere.so.1".as_ref())
            .init()
            .expect_err("there is no such library");
        assert_eq!(
            start_error(error).to_string(),
            "no NVML library (libnvidia-ml.so.1 was not found)"
        );
    }

    #[test]
    fn the_ways_to_have_no_gpu_are_told_apart() {
        let text = |error| start_error(error).to_string();
        assert!(text(NvmlError::DriverNotLoaded).contains("driver is not loaded"));
        assert!(text(NvmlError::NoPermission).contains("no permission"));
        assert!(text(NvmlError::LibRmVersionMismatch).contains("differ in version"));
        assert!(text(NvmlError::GpuLost).contains("fell off the bus"));
    }

    #[test]
    fn only_the_first_pid_namespace_is_the_drivers() {
        let folder = tempfile::tempdir().unwrap();
        let link = |target: &str| {
            let path = folder.path().join(target);
            std::os::unix::fs::symlink(target, &path).unwrap();
            in_first_namespace(&path)
        };
        assert!(link("pid:[4026531836]"));
        assert!(!link("pid:[4026532201]"));
        assert!(!in_first_namespace(&folder.path().join("none")));
    }

    #[test]
    fn a_library_that_is_no_nvml_is_told_from_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libnvidia-ml.so.1");
        std::fs::write(&path, "no ELF file").unwrap();
        let error = Nvml::builder()
            .lib_path(path.as_os_str())
            .init()
            .expect_err("that is no library");
        assert!(matches!(start_error(error), GpuError::BadLibrary(_)));
    }
}
