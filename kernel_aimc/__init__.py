"""Kernel methods whose one large matrix product runs on a simulated analog in-memory computing chip.

The names below are imported when they are first used: ``from kernel_aimc import RBF, RandomFeatures, HERMES``.

Kernels and random features
    RBF, Laplacian, Matern, ArcCosine, Softmax, approximation_error    exact kernels (`kernels`)
    SAMPLERS                                                           how directions are drawn (`samplers`)
    RandomFeatures                                                     features of a kernel (`feature_maps`)
    SoftmaxFeatures                                                    features of attention (`softmax_features`)
The chip
    PCM_ODP, PCM_TDP                                                   published devices (`pcm`)
    ChipConfig, IDEAL, HERMES, HERMES_CALIBRATED, CHIPS, AnalogMatrix  a programmed matrix (`chip`)
    error_budget                                                       what costs how much accuracy (`budget`)
    map_matrices, plot_floorplan                                       where matrices sit (`mapping`)
    hermes_cost, digital_cost, projection_workload                     latency and energy (`energy`)
    NoisyKernel, compensate                                            the kernel of a noisy chip (`noisy_kernels`)
scikit-learn
    KernelFeatures, AnalogRidge, AnalogRidgeClassifier                 (`estimators`)
PyTorch models
    convert_to_analog, convert_to_digital, program, set_time, erase, summary     models on the chip (`layers`)
    TrainingRecipe, make_hardware_aware, calibrate_ranges, clip_weights          training for it (`hardware_aware`)
    LinearAttention, ExactAttention                                              attention (`attention`)
    Encoder, ENCODERS                                                            encoders of long sequences (`encoder`)
Experiments
    `ridge`, `calibration`, `remedies`, `lra`, and the command ``kernel-aimc --help``
"""
__version__ = "0.1.0"

_HOMES = dict(
    kernels='RBF Laplacian Matern ArcCosine Softmax approximation_error', samplers='SAMPLERS', feature_maps='RandomFeatures',
    softmax_features='SoftmaxFeatures', pcm='PCM_ODP PCM_TDP',
    chip='ChipConfig IDEAL HERMES HERMES_CALIBRATED CHIPS AnalogMatrix', budget='error_budget',
    mapping='map_matrices plot_floorplan', energy='hermes_cost digital_cost projection_workload',
    noisy_kernels='NoisyKernel compensate', estimators='KernelFeatures AnalogRidge AnalogRidgeClassifier',
    layers='convert_to_analog convert_to_digital program set_time erase summary',
    hardware_aware='TrainingRecipe make_hardware_aware calibrate_ranges clip_weights',
    attention='LinearAttention ExactAttention', encoder='Encoder ENCODERS')
_HOME = {name: module for module,names in _HOMES.items() for name in names.split()}

__all__ = [*_HOME]

def __getattr__(name):
    if name not in _HOME: raise AttributeError(f"module 'kernel_aimc' has no attribute {name!r}")
    from importlib import import_module
    value = getattr(import_module(f'kernel_aimc.{_HOME[name]}'), name)
    globals()[name] = value # found at once the next time
    return value

def __dir__(): return sorted([*globals(), *_HOME])
