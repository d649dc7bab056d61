//! What `CUDA_VISIBLE_DEVICES` means: the GPUs that CUDA shows to a process.

use super::gpu::{GpuError, GpuInfo, Gpus};

/// The two variables by which CUDA chooses and orders GPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// The value of `CUDA_VISIBLE_DEVICES`: indices, UUIDs or their beginnings, by commas.
    devices: String,
    /// CUDA counts GPUs as NVML does (`CUDA_DEVICE_ORDER=PCI_BUS_ID`). By default it counts the
    /// fastest first: the same order only where all GPUs are of one model.
    by_bus: bool,
}

impl Visible {
    /// From the values of `CUDA_VISIBLE_DEVICES` and `CUDA_DEVICE_ORDER`.
    pub fn new(devices: impl Into<String>, order: Option<&str>) -> Self {
        Self {
            devices: devices.into(),
            by_bus: order.is_some_and(|order| order.trim() == "PCI_BUS_ID"),
        }
    }

    /// The GPUs it names, each once. As CUDA does, what follows an entry that names no GPU is
    /// left out.
    ///
    /// # Errors
    /// [`GpuError::NotVisible`] where it names none, [`GpuError::UnsureOrder`],
    /// [`GpuError::Split`], and what the driver says.
    pub fn resolve(&self, gpus: &dyn Gpus) -> Result<Vec<GpuInfo>, GpuError> {
        if self.devices.trim().is_empty() {
            let why = "its CUDA_VISIBLE_DEVICES is empty";
            return Err(GpuError::NotVisible(why.into()));
        }
        let all = gpus.list()?;
        let mut found: Vec<GpuInfo> = Vec::new();
        let mut by_index = false;
        for entry in self.devices.split(',').map(str::trim) {
            let Some(gpu) = named(entry, &all, gpus)? else {
                break;
            };
            if gpu.split {
                return Err(GpuError::Split(gpu.uuid));
            }
            by_index |= entry.parse::<usize>().is_ok();
            if !found.iter().any(|other| other.uuid == gpu.uuid) {
                found.push(gpu);
            }
        }
        if found.is_empty() {
            // The value is not shown: it may come from env(), which nothing prints.
            return Err(GpuError::NotVisible(format!(
                "the first entry of its CUDA_VISIBLE_DEVICES names none of the {} that NVML lists",
                all.len()
            )));
        }
        let one_model = all.iter().all(|gpu| gpu.name == all[0].name);
        if by_index && !self.by_bus && !one_model && found.len() < all.len() {
            return Err(GpuError::UnsureOrder);
        }
        Ok(found)
    }
}

/// The GPU that one entry names; none where it names none.
fn named(entry: &str, all: &[GpuInfo], gpus: &dyn Gpus) -> Result<Option<GpuInfo>, GpuError> {
    if let Ok(index) = entry.parse::<usize>() {
        return Ok(all.get(index).cloned());
    }
    if entry.starts_with("MIG-") {
        // NVML lists no instances, but knows them.
        return match gpus.info(entry) {
            Err(GpuError::UnknownDevice(_)) => Ok(None),
            found => found.map(Some),
        };
    }
    // A beginning will do where it fits one GPU only.
    let mut fitting =
        (all.iter()).filter(|gpu| entry.len() > "GPU-".len() && gpu.uuid.starts_with(entry));
    Ok(match (fitting.next(), fitting.next()) {
        (Some(gpu), None) => Some(gpu.clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::gpu::GpuSample;

    /// GPUs as (UUID, model); `MIG-1` is an instance of the last one where that is split.
    struct Fake(Vec<(&'static str, &'static str)>, bool);

    fn gpu(index: Option<u32>, uuid: &str, name: &str, split: bool) -> GpuInfo {
        GpuInfo {
            index,
            uuid: uuid.into(),
            name: name.into(),
            total: 1000,
            split,
        }
    }

    impl Gpus for Fake {
        fn list(&self) -> Result<Vec<GpuInfo>, GpuError> {
            let last = self.0.len() - 1;
            let one = |(n, (uuid, name)): (usize, &(&str, &str))| {
                gpu(u32::try_from(n).ok(), uuid, name, self.1 && n == last)
            };
            Ok(self.0.iter().enumerate().map(one).collect())
        }

        fn info(&self, uuid: &str) -> Result<GpuInfo, GpuError> {
            match uuid {
                "MIG-1" if self.1 => Ok(gpu(None, uuid, "H200 MIG 1g.18gb", false)),
                _ => Err(GpuError::UnknownDevice(uuid.into())),
            }
        }

        fn sample(&self, uuid: &str) -> Result<GpuSample, GpuError> {
            Err(GpuError::UnknownDevice(uuid.into()))
        }

        fn pids_are_ours(&self) -> bool {
            false
        }
    }

    fn four() -> Fake {
        let uuids = ["GPU-aa1", "GPU-ab2", "GPU-bc3", "GPU-bd4"];
        Fake(uuids.map(|uuid| (uuid, "H200")).into(), false)
    }

    fn names(devices: &str, order: Option<&str>, gpus: &Fake) -> Result<String, String> {
        let found = Visible::new(devices, order).resolve(gpus);
        let words = |found: Vec<GpuInfo>| {
            let uuids: Vec<String> = found.into_iter().map(|gpu| gpu.uuid).collect();
            uuids.join(" ")
        };
        found.map(words).map_err(|e| e.to_string())
    }

    #[test]
    fn gpus_are_named_by_index_or_uuid_as_cuda_reads_it() {
        for (devices, wanted) in [
            ("0", "GPU-aa1"),
            ("3,1", "GPU-bd4 GPU-ab2"),
            (" 2 , 0", "GPU-bc3 GPU-aa1"),
            ("1,1", "GPU-ab2"),
            ("GPU-bc3,GPU-aa1", "GPU-bc3 GPU-aa1"),
            ("GPU-aa", "GPU-aa1"),
            // what follows an entry that names nothing is not visible
            ("1,-1,2", "GPU-ab2"),
            ("1,9,2", "GPU-ab2"),
            ("1,,2", "GPU-ab2"),
            ("GPU-bc3,GPU-zz", "GPU-bc3"),
        ] {
            assert_eq!(
                names(devices, None, &four()).as_deref(),
                Ok(wanted),
                "{devices}"
            );
        }
    }

    #[test]
    fn naming_none_is_no_zero() {
        for devices in ["", " "] {
            let why = names(devices, None, &four()).unwrap_err();
            assert!(why.contains("CUDA_VISIBLE_DEVICES is empty"), "{why}");
        }
        // GPU-a fits two, GPU- all; MIG-1 is not there
        for devices in ["-1", "4", "none", "GPU-a", "GPU-", "MIG-1", "0x1"] {
            let why = names(devices, None, &four()).unwrap_err();
            assert!(why.contains("names none of the 4"), "{devices}: {why}");
        }
    }

    #[test]
    fn an_index_is_not_guessed_where_models_differ() {
        let mixed = Fake(vec![("GPU-a", "T4"), ("GPU-b", "H200")], false);
        let why = names("0", None, &mixed).unwrap_err();
        assert!(why.contains("PCI_BUS_ID") && why.contains("UUID"), "{why}");
        assert!(names("0", Some("FASTEST_FIRST"), &mixed).is_err());
        assert_eq!(
            names("0", Some("PCI_BUS_ID"), &mixed).as_deref(),
            Ok("GPU-a")
        );
        assert_eq!(names("GPU-b", None, &mixed).as_deref(), Ok("GPU-b"));
        // all of them are the same set in any order
        assert_eq!(names("1,0", None, &mixed).as_deref(), Ok("GPU-b GPU-a"));
    }

    #[test]
    fn a_split_gpu_is_named_by_its_instance() {
        let split = Fake(vec![("GPU-a", "H200"), ("GPU-b", "H200")], true);
        assert_eq!(names("MIG-1", None, &split).as_deref(), Ok("MIG-1"));
        assert_eq!(names("0", None, &split).as_deref(), Ok("GPU-a"));
        for devices in ["1", "GPU-b"] {
            let why = names(devices, None, &split).unwrap_err();
            assert!(why.contains("GPU-b") && why.contains("MIG-…"), "{why}");
        }
    }
}
