//! What is asked of GPUs, whoever answers: NVML on a real machine, a fake in tests.

use super::Reading;

/// One GPU, or one MIG instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuInfo {
    /// `GPU-…` or `MIG-…`: an index can mean another device in another process.
    pub uuid: String,
    /// `NVIDIA H200`
    pub name: String,
    /// Bytes.
    pub total: u64,
}

/// One look at a GPU. Only what the driver gives; the rest says why not.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuSample {
    /// Bytes in use, without what the driver reserves for itself (NVML's v2 figure).
    pub used: u64,
    /// Bytes that the driver and firmware keep. NVML's v1 "used" is `used + reserved`.
    pub reserved: u64,
    /// Memory of each process on the device. In a container the pids may be the host's.
    pub processes: Reading<Vec<GpuProcess>>,
    /// Share of time, from 0 to 1, in which a kernel ran.
    pub utilisation: Reading<f64>,
    /// Watts.
    pub power: Reading<f64>,
    /// Hertz.
    pub sm_clock: Reading<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuProcess {
    pub pid: u32,
    /// Bytes; none where the driver does not say.
    pub used: Option<u64>,
}

/// Which GPUs a server's figures are about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GpuScope {
    /// No GPU figures at all.
    None,
    /// Every GPU that the driver lists.
    #[default]
    All,
    /// These, by UUID, in this order.
    Uuids(Vec<String>),
}

/// Why a GPU gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    #[error("no NVML library (libnvidia-ml.so.1 was not found)")]
    NoLibrary,
    #[error("the NVML library (libnvidia-ml.so.1) cannot be loaded: {0}")]
    BadLibrary(String),
    #[error(
        "the NVIDIA driver is not loaded (the NVML library is there); in a container, pass the GPUs in"
    )]
    NoDriver,
    #[error(
        "the NVIDIA driver and its library differ in version; restart the machine, or load the driver again"
    )]
    VersionMismatch,
    #[error("no permission to ask the NVIDIA driver; may this user read /dev/nvidia*?")]
    NoPermission,
    #[error("NVML lists no GPU")]
    NoDevice,
    #[error("NVML knows no GPU {0}")]
    UnknownDevice(String),
    #[error("NVML cannot tell the {what} of GPU {uuid}: {why}")]
    Failed {
        what: &'static str,
        uuid: String,
        why: String,
    },
    #[error("NVML failed: {0}")]
    Other(String),
}

/// GPUs that can be listed and sampled.
pub trait Gpus: Send {
    /// All GPUs that may be used here, in the driver's order; never an empty list.
    ///
    /// # Errors
    /// Why there are none.
    fn list(&self) -> Result<Vec<GpuInfo>, GpuError>;

    /// What one GPU is.
    ///
    /// # Errors
    /// [`GpuError::UnknownDevice`], and whatever the driver says.
    fn info(&self, uuid: &str) -> Result<GpuInfo, GpuError> {
        let all = self.list()?;
        all.into_iter()
            .find(|gpu| gpu.uuid == uuid)
            .ok_or_else(|| GpuError::UnknownDevice(uuid.into()))
    }

    /// One look at one GPU.
    ///
    /// # Errors
    /// Where not even its memory can be told.
    fn sample(&self, uuid: &str) -> Result<GpuSample, GpuError>;
}

impl GpuScope {
    /// The GPUs of the scope, in its order; none for [`GpuScope::None`].
    ///
    /// # Errors
    /// Why one of them, or all, cannot be found.
    pub fn resolve(&self, gpus: &dyn Gpus) -> Result<Vec<GpuInfo>, GpuError> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::All => gpus.list(),
            Self::Uuids(uuids) => uuids.iter().map(|uuid| gpus.info(uuid)).collect(),
        }
    }
}
