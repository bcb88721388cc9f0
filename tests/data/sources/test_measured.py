"""Files of measured values, written here by their fields' libraries: read, painted, split by whose they are."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impasto.data.sources.decode import BadImage
from impasto.data.sources.measured.measured import Measured
from impasto.data.sources.measured.reading import kind_of, read_measured

SECRET = "Jane^Doe-4711"
VALUES = np.arange(-500, 500, 1000 / 48, dtype=np.float32).round().reshape(6, 8)


def dicom(path: Path, values: np.ndarray = VALUES, patient: str = SECRET, **more: Any) -> Path:
    """A CT slice as scanners write it: 12 bits, rescaled by -1024, with all that tells the patient."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    found = Dataset()
    found.PatientName = found.PatientID = found.InstitutionName = found.OperatorsName = patient
    found.StudyDescription, found.PatientBirthDate, found.StudyDate = patient, "19700101", "20200131"
    found.add_new(0x00091001, "LO", patient)  # what a vendor adds
    found.Modality, found.SOPClassUID, found.SOPInstanceUID = "CT", CTImageStorage, generate_uid()
    found.StudyInstanceUID, found.SeriesInstanceUID = generate_uid(), generate_uid()
    found.PixelSpacing, found.SliceThickness = [0.7, 0.8], 2.5
    found.ImagePositionPatient, found.ImageOrientationPatient = [1, 2, 3], [1, 0, 0, 0, 1, 0]
    found.WindowCenter, found.WindowWidth = [40, 300], [400, 1500]
    found.RescaleSlope, found.RescaleIntercept, found.InstanceNumber = 1, -1024, 7
    found.Rows, found.Columns, found.SamplesPerPixel, found.PixelRepresentation = *values.shape, 1, 0
    found.PhotometricInterpretation, found.BitsAllocated, found.BitsStored, found.HighBit = "MONOCHROME2", 16, 12, 11
    found.PixelData = (values + 1024).astype("<u2").tobytes()
    for name, value in more.items():
        setattr(found, name, value)
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID, found.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    found.file_meta.PrivateInformationCreatorUID = generate_uid()
    found.save_as(path, enforce_file_format=True)
    return path


def nifti(path: Path, volume: np.ndarray | None = None, **header: Any) -> Path:
    """A volume (x, y, z) with an oblique affine, whose header names the patient."""
    import nibabel
    from nibabel.nifti1 import Nifti1Extension

    volume = np.stack([VALUES.T, VALUES.T + 1], 2).astype(np.int16) if volume is None else volume
    affine = np.array([[0.5, 0.1, 0, 4], [0, 0.6, 0, 5], [0, 0, 3, 6], [0, 0, 0, 1]])
    image = nibabel.Nifti1Image(volume, affine)
    image.header["descrip"] = image.header["db_name"] = SECRET[:13].encode()
    image.header.extensions.append(Nifti1Extension(6, SECRET.encode()))
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image, path)
    return path


def fits(path: Path) -> Path:
    from astropy.io import fits as library

    values = VALUES.copy()
    values[0, 0] = np.nan
    unit = library.ImageHDU(values)
    unit.header["CRVAL1"], unit.header["CDELT1"], unit.header["CDELT2"] = 83.6, -0.002, 0.003
    unit.header["OBJECT"] = "M1"
    library.HDUList([library.PrimaryHDU(), unit]).writeto(path)
    return path


def geotiff(path: Path) -> Path:
    import rasterio
    from rasterio.transform import from_origin

    settings = {"driver": "GTiff", "width": 8, "height": 6, "count": 4, "dtype": "int16", "nodata": -9999}
    with rasterio.open(path, "w", crs="EPSG:32632", transform=from_origin(5e5, 5e6, 10, 20), **settings) as file:
        bands = np.stack([VALUES + band for band in range(4)]).astype(np.int16)
        bands[:, 0, 0] = -9999
        file.write(bands)
        file.set_band_description(4, "near infrared")
    return path


def ome(path: Path) -> Path:
    from tifffile import imwrite

    planes = np.stack([VALUES + 500, VALUES + 600]).astype(np.uint16)
    metadata = {"axes": "CYX", "PhysicalSizeX": 0.25, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.5}
    imwrite(path, planes, ome=True, metadata={**metadata, "Name": SECRET}, photometric="minisblack")
    return path


FILES = {
    "a.dcm": (dicom, "dicom", (0.7, 0.8)),
    "0001": (dicom, "dicom", (0.7, 0.8)),
    "a.nii": (nifti, "nifti", (0.608, 0.5)),
    "a.nii.gz": (nifti, "nifti", (0.608, 0.5)),
    "a.fits": (fits, "fits", (0.003, 0.002)),
    "a.tif": (geotiff, "geotiff", (20.0, 10.0)),
    "a.ome.tif": (ome, "ome", (0.5, 0.25)),
}


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Measured]:
    make, kind, spacing = FILES[request.param]
    path = make(tmp_path / request.param)
    assert kind_of(path) == kind
    found = read_measured(path)
    assert found.spacing == pytest.approx(spacing, abs=1e-3)
    return path, found


def test_values_are_those_measured_and_go_round(file: tuple[Path, Measured], tmp_path: Path) -> None:
    path, found = file
    first = found.values[0, ..., 0] - (500 if path.name.endswith(".ome.tif") else 0)
    known = np.isfinite(first)
    assert np.array_equal(first[known], VALUES[known])
    assert known.sum() == (47 if path.suffix in (".fits", ".tif") and ".ome" not in path.name else 48)
    # Painted as it was, a file has the same values, inside the window and outside of it.
    again = found.measured_again(found.pictures((-100, 200)), (-100, 200))
    other = tmp_path / "again" / path.name
    other.parent.mkdir()
    content = found.encode(again, "made by a test")
    other.write_bytes(content)
    kept = read_measured(other)
    assert np.allclose(kept.values, found.values, atol=0.51, equal_nan=True)
    assert kept.spacing == pytest.approx(found.spacing)
    assert kept.window == found.window
    assert SECRET[:8].encode() not in content
    # Numbers of classes and colours are written too.
    for channels in (1, 3):
        painted = np.broadcast_to(np.arange(8, dtype=np.uint8)[:, None], (*found.values.shape[:3], channels)).copy()
        other.write_bytes(found.encode(painted, "made by a test"))
        seen = read_measured(other).values
        flat = seen[..., 0] if kind_of(other) != "fits" else seen[: len(painted), ..., 0]
        assert np.array_equal(flat.astype(np.uint8), painted[..., 0])


def test_what_is_written_lies_where_it_lay(tmp_path: Path) -> None:
    import nibabel
    import rasterio
    from astropy.io import fits as library
    from pydicom import dcmread

    def again(path: Path) -> bytes:
        found = read_measured(path)
        return found.encode(found.values, "made by a test")

    written = dcmread(io.BytesIO(again(dicom(tmp_path / "a.dcm"))))
    assert (list(written.ImagePositionPatient), written.InstanceNumber) == ([1, 2, 3], 7)
    assert (written.BitsStored, written.RescaleIntercept, str(written.PatientName)) == (12, -1024, "")
    assert written.SOPInstanceUID != dcmread(tmp_path / "a.dcm").SOPInstanceUID
    volume = nibabel.Nifti1Image.from_bytes(again(nifti(tmp_path / "a.nii")))
    assert np.allclose(volume.affine, nibabel.load(tmp_path / "a.nii").affine)
    assert volume.header.get_xyzt_units() == ("mm", "sec")
    with library.open(io.BytesIO(again(fits(tmp_path / "a.fits")))) as units:
        assert (units[0].header["CRVAL1"], units[0].header["OBJECT"]) == (83.6, "M1")
        assert "made by a test" in str(units[0].header["HISTORY"])
    with rasterio.MemoryFile(again(geotiff(tmp_path / "a.tif"))) as file, file.open() as opened:
        assert (opened.crs.to_epsg(), opened.transform.c, opened.nodata) == (32632, 5e5, -9999)
        assert opened.descriptions[3] == "near infrared"
    classes = read_measured(tmp_path / "a.tif").encode(np.ones((1, 6, 8, 1), np.uint8), "made by a test")
    with rasterio.MemoryFile(classes) as file, file.open() as opened:
        assert (opened.crs.to_epsg(), opened.transform.f, opened.count, opened.dtypes[0]) == (32632, 5e6, 1, "uint8")


@pytest.mark.parametrize("name", [name for name in FILES if name != "0001"])
def test_a_broken_file_is_one_sentence(name: str, tmp_path: Path) -> None:
    path = FILES[name][0](tmp_path / name)
    whole = path.read_bytes()
    for broken in (whole[: len(whole) * 2 // 3], b"no file of that kind" * 20, b""):
        path.write_bytes(broken)
        with pytest.raises(BadImage) as caught:
            read_measured(path)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", [name for name in FILES if name != "0001"])
def test_a_header_that_promises_too_much_is_refused_before_room_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.data.sources.measured.measured.MOST", 47)
    with pytest.raises(BadImage, match=r"says that it holds (48|96|192) values, and 47 are the most"):
        read_measured(FILES[name][0](tmp_path / name))


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impasto.data.sources.measured.measured.MAX_BYTES", 400)
    with pytest.raises(BadImage, match="larger than 400 bytes when it is unpacked"):
        read_measured(nifti(tmp_path / "a.nii.gz"))


def test_frames_are_rescaled_alike_or_refused_and_nothing_of_a_patient_is_told(tmp_path: Path) -> None:
    from pydicom import dcmread
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    def frame(slope: float) -> Dataset:
        line, group = Dataset(), Dataset()
        line.RescaleSlope, line.RescaleIntercept = slope, -1024
        group.PixelValueTransformationSequence = Sequence([line])
        return group

    found = dcmread(dicom(tmp_path / "a.dcm"))
    del found.RescaleSlope, found.RescaleIntercept
    found.NumberOfFrames, found.PixelData = 2, 2 * found.PixelData
    for name, slopes in (("same", (1, 1)), ("other", (1, 2))):
        found.PerFrameFunctionalGroupsSequence = Sequence([frame(slope) for slope in slopes])
        found.save_as(tmp_path / f"{name}.dcm")
    assert np.array_equal(read_measured(tmp_path / "same.dcm").values[1, ..., 0], VALUES)
    with pytest.raises(BadImage, match="each in its own way"):
        read_measured(tmp_path / "other.dcm")
    with pytest.raises(BadImage, match="numbers of a palette"):
        read_measured(dicom(tmp_path / "b.dcm", PhotometricInterpretation="PALETTE COLOR"))
    found.PixelData = found.PixelData[:-4]
    found.save_as(tmp_path / "short.dcm")
    with pytest.raises(BadImage, match=r"^the file is damaged \(\w+\)$"):
        read_measured(tmp_path / "short.dcm")


def test_windows_are_as_the_standard_has_them(tmp_path: Path) -> None:
    found = read_measured(dicom(tmp_path / "a.dcm"))
    assert found.window == (40 - 0.5 - 399 / 2, 40 - 0.5 + 399 / 2)  # PS3.3 C.11.2.1.2.1, the first of two
    assert found.owner == SECRET
    white = read_measured(dicom(tmp_path / "b.dcm", PhotometricInterpretation="MONOCHROME1"))
    assert np.array_equal(white.pictures((-500, 500)), 65535 - found.pictures((-500, 500)))
    without = Measured(np.linspace(0, 1, 1001, dtype=np.float32).reshape(1, 7, 11, 13)[..., :1], found.encode)
    assert without.own_window == pytest.approx((0.005, 0.995), abs=0.02)
