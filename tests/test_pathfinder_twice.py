"""Pathfinder a second time: one picture at a time, on whole images in floating point, step by step as the public
script goes about it (drewlinsley/pathfinder, snakes2.py and snakes.py, with LRA's parameters for 32 x 32). Statistics
of pictures must agree with those of `kernel_aimc.pathfinder`."""
import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import grey_dilation

from kernel_aimc import pathfinder
from kernel_aimc.pathfinder import PATHFINDER_LEVELS, draw_pathfinder

NOTHING = -np.finfo(np.float64).max # what OpenCV's dilation takes for pixels outside

def shrink(a, shape):
    "As `imresize` of old SciPy: stretched to 0..255, Lanczos on 8 bits"
    a = np.asarray(a, np.float64)
    a = ((a - a.min())*(255/((a.max() - a.min()) or 1)) + .5).astype(np.uint8)
    return np.asarray(Image.fromarray(a).resize(shape[::-1], Image.Resampling.LANCZOS))/255

def disc(radius):
    y,x = np.ogrid[-radius:radius + 1, -radius:radius + 1]
    return x**2 + y**2 <= radius**2

def ahead(place, angle, distance):
    return tuple(int(np.ceil(p + distance*f(angle))) for p,f in zip(place, (np.sin, np.cos)))

def back(angle): return angle + np.pi if angle < 0 else angle - np.pi
def inside(*places): return all(0 <= v < 32 for p in places for v in p)

class Generator:
    def __init__(self, seed, segments, script):
        self.g = np.random.default_rng(seed)
        self.segments,self.script,self.kept,self.begun = segments,script,{},0

    def segment(self, shape, start, angle):
        "A line of length 2, and the room it takes, as images"
        head = ahead((8, 8), angle, 4)
        if head not in self.kept:
            im = Image.new('F', (17, 17))
            ImageDraw.Draw(im).line([(8, 8), head[::-1]], fill=255, width=1)
            room = grey_dilation(np.array(im), footprint=disc(2), mode='constant')
            self.kept[head] = shrink(im, (9, 9)),shrink(room, (9, 9))
        for small in self.kept[head]:
            image = np.zeros((shape[0] + 20, shape[1] + 20))
            image[start[0] + 6:start[0] + 15, start[1] + 6:start[1] + 15] = small
            yield image[10:-10, 10:-10]

    def start(self, mask):
        "Place, direction and pivot of a first segment that fits"
        for _ in range(3):
            angle = self.g.integers(-180, 180)*np.pi/180
            _,room = self.segment((7, 7) if self.script else (9, 9), (4, 4), angle)
            mirrored = (room >= 1)[::-1, ::-1] # SciPy mirrors a footprint, OpenCV does not
            wide = grey_dilation(mask, footprint=mirrored, mode='constant', cval=NOTHING)
            free = np.argwhere(np.ceil(wide - .3) == 0)
            if wide.min() < 0 or not len(free): return None
            place = tuple(free[self.g.integers(len(free))])
            head = ahead(place, angle, 2)
            pivot = ahead(head, back(angle), 3)
            if inside(head, pivot): return place,angle,pivot
        return None

    def extend(self, curve, mask):
        "The mask with the segment before, or None"
        pivot = ahead(curve['pivot'], curve['angle'], 4)
        wide = grey_dilation(mask, footprint=disc(1), mode='constant', cval=NOTHING)
        around = [(pivot[0] + 3*np.sin(a), pivot[1] + 3*np.cos(a)) for a in np.arange(0, 360, 360/(6*np.pi))*np.pi/180]
        ends = sorted({(int(y), int(x)) for y,x in around if inside((y, x))})
        angles = [np.arctan2(y - pivot[0], x - pivot[1]) for y,x in ends]
        turns = [abs(a - curve['angle']) for a in angles]
        weights = np.array([np.cos(min(t, 2*np.pi - t, np.pi/2))**2*(1 - wide[e]) for t,e in zip(turns, ends)])
        if not ends or weights.sum() < 1e-4: return None
        for _ in range(3):
            i = self.g.choice(len(ends), p=weights/weights.sum())
            line,room = self.segment((32, 32), ends[i], back(angles[i]))
            if (mask + room).max() < 1.8:
                mask = np.maximum(mask, curve['room'])
                curve.update(pivot=pivot, angle=angles[i], room=room, image=np.maximum(curve['image'], line),
                             ends=[*curve['ends'], ends[i]])
                return mask
        return None

    def begin(self, place, angle, pivot):
        line,room = self.segment((32, 32), place, angle)
        return dict(pivot=pivot, angle=angle, room=room, image=line, ends=[place])

    def pair(self):
        border = np.pad(np.zeros((30, 30)), 1, constant_values=1)
        centre = np.ones((32, 32))
        centre[14:18, 14:18] = 0
        if (first := self.start(centre)) is None: return None
        for _ in range(3):
            angle,way = self.g.integers(-180, 180)*np.pi/180,self.g.integers(360)*np.pi/180
            place = tuple(int(np.round(p + 7*f(way))) for p,f in zip(first[0], (np.sin, np.cos)))
            head = ahead(place, angle, 2)
            pivot = ahead(head, back(angle), 3)
            if inside(head, pivot): break
        else: return None
        self.begun += 1
        curves,mask = [self.begin(*first), self.begin(place, angle, pivot)],border
        for _ in range(self.segments - 1):
            for c in curves:
                if (mask := self.extend(c, mask)) is None: return None
        return curves,np.maximum(mask, curves[1]['room'])

    def distractor(self, mask):
        if (first := self.start(mask)) is None: return None
        curve = self.begin(*first)
        for _ in range(self.segments//3 - 1):
            if (mask := self.extend(curve, mask)) is None: return None
        return curve['image'],np.maximum(mask, curve['room'])

    def picture(self):
        label = self.g.integers(2)
        while (pair := self.pair()) is None: pass
        curves,mask = pair
        image,placed = 1.5*np.maximum(*(c['image'] for c in curves)),0
        for _ in range(20//(self.segments//3)):
            for _ in range(5):
                if (found := self.distractor(mask)) is not None:
                    image,mask,placed = np.maximum(image, 2*found[0]),found[1],placed + 1
                    break
        start = self.g.integers(2)
        end = start if label else 1 - start
        for y,x in curves[start]['ends'][0],curves[end]['ends'][-1]:
            v,u = np.ogrid[:64, :64]
            image = np.maximum(image, shrink((v - 2*y)**2 + (u - 2*x)**2 <= 9, (32, 32)))
        image = (image - image.min())*255/(image.max() - image.min())
        return (image + .5).astype(np.uint8),placed,[c['ends'] for c in curves]

STATISTICS = {
    'mean': lambda a: a.mean((1, 2)),
    'lit': lambda a: (a > 0).mean((1, 2)),
    'bright': lambda a: (a > 200).mean((1, 2)),
    'middle': lambda a: a[:, 12:20, 12:20].mean((1, 2)),
    'top': lambda a: a[:, :8].mean((1, 2)),
    'bottom': lambda a: a[:, 24:].mean((1, 2)),
    'left': lambda a: a[:, :, :8].mean((1, 2)),
    'right': lambda a: a[:, :, 24:].mean((1, 2)),
    'steps': lambda a: abs(np.diff(a, axis=2)).mean((1, 2))}

def z(x, y):
    "Difference of two means in its standard errors"
    return abs(x.mean(0) - y.mean(0))/np.sqrt(x.var(0)/len(x) + y.var(0)/len(y) + 1e-12)

@pytest.mark.parametrize('starts', ['free', 'script'])
def test_pictures_are_distributed_as_those_of_a_second_implementation(starts):
    n,segments,script = 250,PATHFINDER_LEVELS['easy'],starts == 'script'
    one = Generator(0, segments, script)
    pictures,placed,ends = (np.array(x) for x in zip(*(one.picture() for _ in range(n))))
    ours = draw_pathfinder(np.random.default_rng(1), 3000, level='easy', starts=starts)
    differences = {k: z(f(pictures.astype(float)), f(ours.pictures.astype(float))) for k,f in STATISTICS.items()}
    assert {k: d for k,d in differences.items() if d > 3.5} == {}
    assert z(placed, ours.placed) < 3.5
    assert z(ends, ours.places).max() < 4 # means of 24 coordinates, curve by curve and segment by segment
    *finished,begun = pathfinder._target_pairs(np.random.default_rng(2), segments, 20_000 if script else 4000, script)
    p,q = n/one.begun,len(finished[0])/begun
    assert abs(p - q) < 3.5*np.sqrt(p*(1 - p)/one.begun + q*(1 - q)/begun)

def test_the_second_implementation_can_tell():
    "Pictures of the two kinds of starts differ by far more than the tolerance"
    free,script = (draw_pathfinder(np.random.default_rng(1), 250, level='easy', starts=starts).pictures.astype(float)
                   for starts in ('free', 'script'))
    a,b = free.mean((1, 2)),script.mean((1, 2))
    assert abs(a.mean() - b.mean()) > 10*np.sqrt(a.var()/250 + b.var()/250)
